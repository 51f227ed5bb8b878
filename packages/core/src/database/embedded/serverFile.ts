/**
 * The address of the server that has an embedded database's directory: a file beside the lock, for commands that find the
 * directory taken. The file has the address alone, never the key.
 *
 * Hazard: a command sends its API key to the address. So the file is believed only when:
 *
 * - no other user can have written the file
 * - the process that wrote the file has the lock, and is alive: a dead server's address leads anywhere
 * - the start of that process is known, because another process may get a dead server's id
 *
 * On Windows, which does not report that start, no address is announced.
 */
import { constants } from "node:fs"
import { open, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Option, Schema } from "effect"
import { has } from "./lockFile.ts"
import { startOf } from "./processStart.ts"

const nameOf = (directory: string): string => join(directory, "server.json")

/** Writes the address, if this process has the directory and can show later that it is this one. */
export const write = async (directory: string, url: string): Promise<boolean> => {
  if (!has(directory)) return false
  const started = await startOf(process.pid)
  if (started === undefined) return false
  const file = nameOf(directory)
  const own = `${file}.${process.pid}`
  await rm(own, { force: true })
  await writeFile(own, `${JSON.stringify({ pid: process.pid, started, url })}\n`, { flag: "wx", mode: 0o600 })
  await rename(own, file)
  return true
}

export const remove = (directory: string): Promise<void> => rm(nameOf(directory), { force: true })

/** The address that the process with this id wrote. */
export const read = async (directory: string, pid: number): Promise<string | undefined> => {
  const handle = await open(nameOf(directory), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)).catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const { mode, size, uid } = await handle.stat()
    const me = process.getuid?.()
    if (size > 4_096 || (me !== undefined && (uid !== me || (mode & 0o022) !== 0))) return undefined
    const found = Option.getOrUndefined(decode(await handle.readFile("utf8").catch(() => "")))
    if (found?.pid !== pid || !/^https?:\/\//.test(found.url) || !URL.canParse(found.url)) return undefined
    return found.started === (await startOf(pid)) ? found.url : undefined
  } finally {
    await handle.close()
  }
}

const decode = Schema.decodeUnknownOption(
  Schema.fromJsonString(Schema.Struct({ pid: Schema.Int, started: Schema.String, url: Schema.String }))
)
