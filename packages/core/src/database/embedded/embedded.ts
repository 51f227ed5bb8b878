/**
 * PostgreSQL inside the process: PGlite behind a stream that speaks the wire protocol, so the ordinary driver uses it.
 *
 * Hazard: PGlite keeps no lock of its own, and two processes on one directory would destroy it. `lockFile.ts` keeps a second one out.
 */
import { existsSync } from "node:fs"
import { mkdir, rename, rm, rmdir } from "node:fs/promises"
import { join, resolve } from "node:path"
import { type Duplex, duplexPair } from "node:stream"
import type { PGlite } from "@electric-sql/pglite"
import { Effect, Schedule, Schema, type Scope } from "effect"
import { planning } from "../planning.ts"
import { DamagedFiles, prepare, UnsafeDirectory, versionFile } from "./directory.ts"
import { Held, isIntact, release, take } from "./lockFile.ts"
import * as ServerFile from "./serverFile.ts"

/** The embedded database cannot be opened. The message says why and what to do. */
export class EmbeddedError extends Schema.TaggedError<EmbeddedError>()("EmbeddedError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect()),
  /**
   * - `inUse`: another process has the directory.
   * - `unsafe`: the directory is not this user's own.
   * - `damaged`: the files are no database, or one that does not start.
   */
  reason: Schema.optionalKey(Schema.Literals(["inUse", "unsafe", "damaged"])),
  /** The address of the server that has the directory, when the server has announced it. */
  server: Schema.optionalKey(Schema.String)
}) {}

/**
 * Starts the database and answers how to connect to it. At most one connection at a time: it has one session.
 *
 * Hazard: a connection that is dropped within a transaction leaves the session in it, and the next client would do
 * everything in that transaction. A stream whose other end was destroyed does not close, so nothing reports the drop in
 * time. Each new connection therefore begins by ending what its predecessor left.
 */
export const start = (directory: string | undefined): Effect.Effect<() => Duplex, EmbeddedError, Scope.Scope> =>
  Effect.gen(function* () {
    if (directory !== undefined) yield* lock(resolve(directory))
    const session = yield* Effect.acquireRelease(
      Effect.tryPromise({
        try: () => openSession(directory),
        catch: (cause) =>
          new EmbeddedError({
            message: `The embedded database in ${directory ?? "memory"} does not start: ${text(cause)}`,
            cause,
            ...(cause instanceof DamagedFiles ? { reason: "damaged" } : {})
          })
      }),
      (session) => Effect.promise(session.close)
    )
    let newest = 0
    let owner = 0
    return () => {
      const connection = ++newest
      const [client, server] = duplexPair()
      server.on("data", (chunk: Buffer) => {
        session
          .run(async (db) => {
            // What was sent before the connection broke belongs to a transaction that is no more.
            if (server.destroyed || connection < owner) return
            if (connection > owner) {
              owner = connection
              await db.exec("rollback")
              await db.exec("discard all")
            }
            const answer = await db.execProtocolRaw(new Uint8Array(chunk))
            if (server.writable) server.write(answer)
          })
          .catch((error) => {
            if (error instanceof RemovedFiles && server.writable) {
              server.write(errorResponse(error.message))
              // After the driver has read that.
              return void setImmediate(() => client.destroy())
            }
            server.destroy(error instanceof Error ? error : new Error(String(error)))
            // Hazard: Node.js 22 does not close the other end of the pair, and the driver would wait forever.
            client.destroy()
          })
      })
      server.on("error", () => undefined)
      return client
    }
  })

/** The one session, for whatever wants to use it: one thing after the other, over all connections. */
interface Session {
  readonly run: (work: (db: PGlite) => Promise<unknown>) => Promise<unknown>
  readonly close: () => Promise<void>
}

/** PGlite fills the shared buffers with zeros at its start, so that all of them are resident. PostgreSQL's default is 128 MB. */
const sharedBuffers = ["-c", "shared_buffers=16MB"]

const planned = Object.entries(planning).flatMap(([name, value]) => ["-c", `${name}=${value}`])

/**
 * Hazard: PostgreSQL answers with errors; it throws only when it has broken off in the middle of something (a panic, since
 * the disk was full, say). What is in memory then must not touch the files any more, not even to close them. It is left
 * behind, and the files are opened again, which recovers from the log all that was confirmed, as after a crash.
 */
const openSession = async (directory: string | undefined): Promise<Session> => {
  // Loaded only when used: it is large, and programs with a server never need it.
  const { PGlite } = await import("@electric-sql/pglite")
  const options = {
    startParams: [...PGlite.defaultStartParams, ...sharedBuffers, ...planned],
    initDbStartParams: sharedBuffers
  }
  const create = (path: string) => PGlite.create(path, options)
  const open = () => (directory === undefined ? create("memory://") : openFiles(directory, create))
  let db: PGlite | undefined = await open()
  let queue: Promise<unknown> = Promise.resolve()
  const work = async (use: (db: PGlite) => Promise<unknown>): Promise<unknown> => {
    if (isRemoved(directory)) {
      // Not closed: at the path may be another process's files by now.
      db = undefined
      throw new RemovedFiles(
        `The data directory ${directory} was removed, moved or replaced while it was in use. Stop Gitpip, put the directory back or restore a backup (docs/backup.md), and start again`
      )
    }
    if (db === undefined && directory === undefined) throw new Error("the database in memory broke, and is gone")
    db ??= await open()
    try {
      return await use(db)
    } catch (error) {
      db = undefined
      throw error
    }
  }
  return {
    run: (use) => {
      const done = queue.then(() => work(use))
      queue = done.catch(() => undefined)
      return done
    },
    close: async () => {
      await queue
      if (!isRemoved(directory)) await db?.close().catch(() => undefined)
    }
  }
}

/** The files are not at their path any more. The message says what to do. */
class RemovedFiles extends Error {}

const isRemoved = (directory: string | undefined): boolean =>
  directory !== undefined &&
  !(isIntact(resolve(directory)) && existsSync(join(resolve(directory), "postgres", versionFile)))

/**
 * The messages `ErrorResponse` and `ReadyForQuery`, by which the driver fails with this message:
 * https://www.postgresql.org/docs/18/protocol-message-formats.html
 */
const errorResponse = (message: string): Buffer => {
  // Severity, severity untranslated, code (an error of input or output), message.
  const fields = Buffer.from(`SFATAL\0VFATAL\0C58030\0M${message}\0\0`)
  const head = Buffer.from("E....")
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields, Buffer.from("Z\0\0\0\x05I")])
}

type Create = (path: string) => Promise<PGlite>

const openFiles = async (directory: string, create: Create): Promise<PGlite> => {
  const database = join(resolve(directory), "postgres")
  if (!existsSync(join(database, versionFile))) await makeFiles(database, create)
  // PostgreSQL's own lock file. One that a crash left empty would keep it from starting ever again; ours has been taken.
  await rm(join(database, "postmaster.pid"), { force: true })
  return create(database).catch((cause) => {
    // PGlite gives no reason, whatever is wrong with the files: "Aborted(). Build with -sASSERTIONS for more info."
    const what = text(cause).replace(/\.( Build with -sASSERTIONS.*)?$/, "")
    throw new DamagedFiles(
      `${what}. Check that the disk has room. Otherwise the files are damaged: restore a backup (docs/backup.md)`,
      { cause }
    )
  })
}

/** Made aside first: a database that was cut off while it was made would never start. */
const makeFiles = async (database: string, create: Create): Promise<void> => {
  const aside = `${database}.new`
  await rm(aside, { recursive: true, force: true })
  await mkdir(aside, { mode: 0o700 })
  await (await create(aside)).close()
  // Only an empty folder is replaced: others' files, or a part of a backup, stay.
  await rmdir(database)
  await rename(aside, database)
}

const lock = (directory: string): Effect.Effect<void, EmbeddedError, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(
      Effect.tryPromise({
        try: async () => {
          await prepare(directory)
          take(directory)
        },
        catch: (cause) => cause
      }).pipe(Effect.catch((cause) => Effect.flatMap(refused(directory, cause), Effect.fail))),
      () => Effect.sync(() => release(directory))
    ).pipe(Effect.retry({ while: isBrief, schedule: Schedule.spaced("200 millis"), times: 25 }))
  )

/** Another command has the directory, and most commands take a second. A server that has announced itself stays. */
const isBrief = ({ cause, server }: EmbeddedError): boolean =>
  cause instanceof Held && cause.pid !== undefined && server === undefined

const refused = Effect.fnUntraced(function* (directory: string, cause: unknown) {
  if (cause instanceof UnsafeDirectory) return new EmbeddedError({ reason: "unsafe", message: cause.message })
  if (cause instanceof DamagedFiles) return new EmbeddedError({ reason: "damaged", message: cause.message })
  if (!(cause instanceof Held)) {
    return new EmbeddedError({ message: `The data directory ${directory} cannot be used: ${text(cause)}`, cause })
  }
  const { owner, pid } = cause
  const server = pid === undefined ? undefined : yield* Effect.promise(() => ServerFile.read(directory, pid))
  return new EmbeddedError({
    reason: "inUse",
    cause,
    message: `The data directory ${directory} is in use by ${owner}${
      server === undefined
        ? ". Stop that process first, or set GITPIP_DATA_DIR to another directory"
        : `, the server at ${server}. Stop that server first`
    }`,
    ...(server === undefined ? {} : { server })
  })
})

const text = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
