/** Where tests keep the files of databases. */
import { existsSync, statfsSync } from "node:fs"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

const memory = "/dev/shm"

/** In bytes. A run needs a tenth. A container's default is 64 MB. */
const room = 2 ** 30

const isRoomy = (directory: string): boolean => {
  if (!existsSync(directory)) return false
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize >= room
}

/**
 * In memory where there is room: PostgreSQL copies a thousand files for each database, which takes 20 ms of processor time there and
 * 200 ms on a disk's file system.
 */
const scratch = isRoomy(memory) ? memory : tmpdir()

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // A process of another user cannot be signalled.
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/** Removes the directories of processes that were killed, and so could not remove them. A server that still runs there ends. */
export const removeAbandoned = async (): Promise<void> => {
  for (const name of await readdir(scratch)) {
    const [, owner] = /^gitpip-[a-z-]+-(\d+)-\w{6}$/.exec(name) ?? []
    if (owner === undefined || isAlive(Number(owner))) continue
    // Those of another user stay.
    await rm(join(scratch, name), { recursive: true, force: true }).catch(() => undefined)
  }
}

let removed: Promise<void> | undefined

/** A new directory of this process, in memory where there is room. */
export const scratchDirectory = async (name: string): Promise<string> => {
  removed ??= removeAbandoned()
  await removed
  return mkdtemp(join(scratch, `gitpip-${name}-${process.pid}-`))
}
