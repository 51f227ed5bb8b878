/** Where tests keep the files of databases. */
import { existsSync, readlinkSync, statfsSync } from "node:fs"
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

/** Containers may share the directory, and each numbers its processes by itself. */
const namespace = existsSync("/proc/self/ns/pid") ? readlinkSync("/proc/self/ns/pid").replace(/\D/g, "") : "0"

/** The beginning of the name of a directory that belongs to this process, or to another one. */
export const nameOf = (name: string, owner = process.pid): string => `gitpip-${name}-${namespace}-${owner}-`

/**
 * Removes the directories of killed processes. A PostgreSQL that still runs in one ends within a minute. Directories of a
 * container that has ended stay.
 */
export const removeAbandoned = async (): Promise<void> => {
  for (const name of await readdir(scratch)) {
    const [, where, owner] = /^gitpip-[a-z-]+-(\d+)-(\d+)-\w{6}$/.exec(name) ?? []
    if (owner === undefined || where !== namespace || isAlive(Number(owner))) continue
    // Those of another user stay.
    await rm(join(scratch, name), { recursive: true, force: true }).catch(() => undefined)
  }
}

let removed: Promise<void> | undefined

/** A new directory of this process, in memory where there is room. */
export const scratchDirectory = async (name: string): Promise<string> => {
  removed ??= removeAbandoned()
  await removed
  return mkdtemp(join(scratch, nameOf(name)))
}
