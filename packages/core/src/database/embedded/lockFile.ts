/**
 * One process has a directory at a time: SQLite holds a lock of the operating system on `lock.sqlite`, an empty file. The
 * lock ends with its process, holds between containers on one machine, and needs no judgement of who is alive. The file
 * `lock` beside it names the owner for messages.
 *
 * Hazards: to remove `lock.sqlite` would let two processes in, each with a lock on a file of its own. To open the file in
 * another way and close it again would end this process's lock.
 */
import { randomUUID } from "node:crypto"
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import type { DatabaseSync } from "node:sqlite"

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

interface Lock {
  readonly sqlite: DatabaseSync
  /** The content of `lock`, which no other owner writes. */
  readonly mark: string
}

/** The directories that this process has. */
const held = new Map<string, Lock>()

const markOf = (directory: string): string => join(directory, "lock")

/** Takes the lock, or throws `Held`. */
export const take = (directory: string): void => {
  if (held.has(directory)) throw new Held(`process ${process.pid} (this one)`)
  const sqlite = acquire(join(directory, "lock.sqlite"))
  if (sqlite === undefined) throw heldBy(contentOf(markOf(directory)), hostname())
  const mark = `${process.pid} ${hostname()} ${randomUUID()}\n`
  try {
    rmSync(markOf(directory), { force: true })
    writeFileSync(markOf(directory), mark, { flag: "wx", mode: 0o600 })
  } catch (error) {
    sqlite.close()
    throw error
  }
  held.set(directory, { sqlite, mark })
}

/** Ends the lock. Leaves the files of another process, which has the path since the directory was removed. */
export const release = (directory: string): void => {
  const lock = held.get(directory)
  if (lock === undefined) return
  if (isIntact(directory)) rmSync(markOf(directory), { force: true })
  held.delete(directory)
  lock.sqlite.close()
}

/** Whether this process has the directory. */
export const has = (directory: string): boolean => held.has(directory)

/** Whether the directory that this process has is still the one at its path: not removed, moved or replaced. */
export const isIntact = (directory: string): boolean => contentOf(markOf(directory)) === held.get(directory)?.mark

/** The owner by the content of `lock`, as a process on `host` names it. */
export const heldBy = (content: string, host: string): Held => {
  const [, number, of] = /^(\d+)(?: (\S+))?/.exec(content) ?? []
  if (number === undefined) return new Held("another process")
  const elsewhere = of === undefined || of === host ? "" : ` of the machine or container ${of}`
  return new Held(`process ${number}${elsewhere}`, Number(number))
}

const contentOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

/** https://sqlite.org/rescode.html#busy */
const busy = 5

/** Undefined when another process has the lock. */
const acquire = (file: string): DatabaseSync | undefined => {
  create(file)
  const sqlite = new (loadSqlite().DatabaseSync)(file)
  try {
    // Without a journal beside the file, which stays empty.
    sqlite.exec("pragma journal_mode = memory; begin exclusive")
    return sqlite
  } catch (error) {
    sqlite.close()
    if ((error as { readonly errcode?: number }).errcode === busy) return undefined
    throw error
  }
}

/** SQLite would let other users read the file, by the umask. A file that is there is not opened, see above. */
const create = (file: string): void => {
  try {
    closeSync(openSync(file, "wx", 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  }
}

/** Node.js 22 warns on stderr that the module is experimental. What is used of the module here, has not changed since. */
const loadSqlite = (): typeof import("node:sqlite") => {
  const { emitWarning } = process
  process.emitWarning = () => undefined
  try {
    return process.getBuiltinModule("node:sqlite")
  } finally {
    process.emitWarning = emitWarning
  }
}
