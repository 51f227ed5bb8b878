/**
 * A lock file with its owner's process id. One process has a directory at a time, and the next one takes the directory over
 * from an owner that died, at any instant.
 *
 * Hazard: between reading that an owner is dead and removing its lock, another process may have done both and be at work.
 * So only the holder of a second lock, `lock.taking-over`, removes a dead owner's lock. A second lock whose holder died is
 * taken over as well. For two processes to get in by that, four would have to start in the same instant.
 */
import { link, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"

/** Another process has the directory. */
export class Held extends Error {
  readonly owner: string
  /** Undefined when it is not known, or this very process. */
  readonly pid: number | undefined
  constructor(owner: string, pid?: number) {
    super(`held by ${owner}`)
    this.owner = owner
    this.pid = pid
  }
}

/** Directories that this very process holds: a lock file does not distinguish two owners with one process id. */
const held = new Set<string>()

/** Takes the lock, or fails with `Held`. */
export const take = async (directory: string): Promise<void> => {
  if (held.has(directory)) throw new Held(`process ${process.pid} (this one)`)
  const lock = join(directory, "lock")
  if (!(await create(lock))) await takeOver(lock, join(directory, "lock.taking-over"))
  held.add(directory)
}

export const release = async (directory: string): Promise<void> => {
  held.delete(directory)
  await rm(join(directory, "lock"), { force: true })
}

/** Whether this process has the directory. */
export const has = (directory: string): boolean => held.has(directory)

const takeOver = async (lock: string, guard: string): Promise<void> => {
  if (!(await create(guard))) {
    if (alive(await ownerOf(guard))) throw new Held("a process that is just starting")
    await rm(guard, { recursive: true, force: true })
    if (!(await create(guard))) throw new Held("a process that is just starting")
  }
  try {
    const owner = await ownerOf(lock)
    if (alive(owner)) throw new Held(`process ${owner}`, owner)
    await rm(lock, { force: true })
    if (!(await create(lock))) throw new Held("a process that was quicker")
  } finally {
    await rm(guard, { force: true })
  }
}

/** Makes the file, with our id in it from its first instant on. `false` when it is there already. */
const create = async (file: string): Promise<boolean> => {
  const own = `${file}.${process.pid}`
  await writeFile(own, `${process.pid}\n`, { mode: 0o600 })
  try {
    await link(own, file)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "EEXIST") return false
    // A file system without links, such as a memory stick's.
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error
    return await writeFile(file, `${process.pid}\n`, { flag: "wx", mode: 0o600 }).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "EEXIST") return false
        throw error
      }
    )
  } finally {
    await rm(own, { force: true })
  }
}

const ownerOf = async (file: string): Promise<number> =>
  Number.parseInt(await readFile(file, "utf8").catch(() => ""), 10)

/** Whether another process with this id runs. Our own id in the file is a dead owner's: containers reuse ids. */
const alive = (pid: number): boolean => {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}
