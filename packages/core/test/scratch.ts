/** Where tests keep the files of databases. */
import { existsSync, statfsSync } from "node:fs"
import { tmpdir } from "node:os"

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
export const scratch = isRoomy(memory) ? memory : tmpdir()
