/**
 * The directory of the embedded database, for its owner's eyes alone.
 *
 * Guarantees: what Gitpip makes in it cannot be entered or read by other users, whatever the umask; and it is not led
 * into a directory that another user prepared, who could then read, change or swap the database.
 */
import { existsSync, type Stats } from "node:fs"
import { chmod, lstat, mkdir, readdir, stat } from "node:fs/promises"
import { dirname, join } from "node:path"

/** Why a directory is not used. The message says what to do. */
export class UnsafeDirectory extends Error {}

/** Why the files of a database are not opened. The message says what to do. */
export class DamagedFiles extends Error {}

/** The file that a complete database has: https://www.postgresql.org/docs/18/storage-file-layout.html */
export const versionFile = "PG_VERSION"

/** Makes the directory, and the database's own within it, unless they are there, and answers the latter. */
export const prepare = async (directory: string): Promise<string> => {
  await make(directory)
  const me = process.getuid?.()
  const found = { link: await lstat(directory), target: await stat(directory) }
  const why = refusal(found, me)
  if (why !== undefined) throw new UnsafeDirectory(`The data directory ${directory} ${why}. ${cure}`)
  // The directory itself may be somebody's choice, with other things in it. Within it nothing is shared.
  const database = join(directory, "postgres")
  await make(database)
  const own = await lstat(database)
  if (own.isSymbolicLink()) throw new UnsafeDirectory(`${database} is a link, perhaps a trap. ${cure}`)
  const wrong = refusal({ link: own, target: own }, me)
  if (wrong !== undefined) throw new UnsafeDirectory(`${database} ${wrong}. ${cure}`)
  const names = await readdir(database)
  // Made aside and renamed, so that no start of Gitpip's leaves a part of a database.
  if (names.length > 0 && !names.includes(versionFile)) {
    throw new DamagedFiles(
      `${database} is not empty, and holds no database: the file ${versionFile} is missing. Move the folder away, or restore a complete backup (docs/backup.md)`
    )
  }
  if ((own.mode & 0o077) !== 0) await chmod(database, 0o700)
  return database
}

const cure = "Set GITPIP_DATA_DIR to a directory of your own"

type Found = Pick<Stats, "uid" | "isDirectory" | "isSymbolicLink">

/** What speaks against a directory, and the link that led to it, if there is one. */
export const refusal = (
  { link, target }: { readonly link: Found; readonly target: Found },
  me: number | undefined
): string | undefined => {
  if (!target.isDirectory()) return "is no directory"
  // Windows has no such numbers. Root can be in containers, where the owners of mounted directories are others' numbers.
  if (me === undefined || me === 0) return undefined
  // Root could read everything anyway, and makes the directories that services are given.
  const trusted = (uid: number) => uid === me || uid === 0
  if (link.isSymbolicLink() && !trusted(link.uid)) return `is a link of another user's (number ${link.uid})`
  return trusted(target.uid) ? undefined : `belongs to another user (number ${target.uid})`
}

/** Hazard: the recursive `mkdir` of Node never returns where a file system answers ENOENT below an existing directory. */
const make = async (directory: string): Promise<void> => {
  try {
    await mkdir(directory, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "EEXIST") return
    const parent = dirname(directory)
    if (code !== "ENOENT" || existsSync(parent)) throw error
    await make(parent)
    await make(directory)
  }
}
