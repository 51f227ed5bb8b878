/** Files of `gitpip export`: lines of text, compressed when the name ends in `.gz`. */
import { once } from "node:events"
import { createReadStream } from "node:fs"
import { access, constants, open, rm } from "node:fs/promises"
import type { Readable, Writable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { createGunzip, createGzip } from "node:zlib"
import { codeOf } from "@gitpip/core"
import { Effect, Exit, Stream } from "effect"
import { Unsuccessful } from "./Failure.ts"

/** In bytes, far above any row. Hazard: a file without line ends would otherwise fill the memory. */
const maxLine = 16 * 1024 * 1024

const isCompressed = (file: string): boolean => file.endsWith(".gz")

const text = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const unwritten = (file: string) => (cause: unknown) =>
  new Unsuccessful({
    message:
      codeOf(cause) === "EEXIST"
        ? `${file} already exists, and is unchanged. Choose another name, or move the file`
        : `${file} cannot be written: ${text(cause)}. Check the directory, its permissions and the free space`
  })

/**
 * A new file that only its owner can read. The file is deleted unless the scope succeeds. `write` waits for the disk, so
 * that only a part of the file is in memory.
 */
export const create = Effect.fnUntraced(function* (file: string) {
  const { close, reason, sink } = yield* Effect.acquireRelease(
    Effect.tryPromise({ try: () => openSink(file), catch: unwritten(file) }),
    ({ sink }, exit) =>
      Effect.promise(async () => {
        if (Exit.isSuccess(exit)) return
        sink.destroy()
        await rm(file, { force: true })
      })
  )
  return {
    write: (part: string) =>
      Effect.tryPromise({
        try: () =>
          new Promise<void>((resolve, reject) => {
            sink.write(part, (error) => (error ? reject(reason() ?? error) : resolve()))
          }),
        catch: unwritten(file)
      }),
    /** Ends when everything is on the disk. */
    close: Effect.tryPromise({ try: close, catch: unwritten(file) })
  }
})

interface Sink {
  readonly sink: Writable
  readonly close: () => Promise<unknown>
  /** Why writing failed, when the sink's own error does not say so. */
  readonly reason: () => unknown
}

const openSink = async (file: string): Promise<Sink> => {
  const handle = await open(file, "wx", 0o600)
  const target = handle.createWriteStream({ flush: true })
  if (!isCompressed(file)) {
    const closed = once(target, "close")
    closed.catch(() => undefined)
    return {
      sink: target,
      close: () => {
        target.end()
        return closed
      },
      reason: () => undefined
    }
  }
  const sink = createGzip()
  const done = pipeline(sink, target)
  let reason: unknown
  done.catch((error) => {
    reason = error
  })
  return {
    sink,
    close: () => {
      sink.end()
      return done
    },
    reason: () => reason
  }
}

const unread = (file: string) => (cause: unknown) =>
  new Unsuccessful({
    message: `${file} cannot be read: ${text(cause)}. Give a file that \`gitpip export\` wrote; the name of a compressed one ends in .gz`
  })

/** Fails when there is no such file, or it cannot be read: to know that before other checks. */
export const requireReadable = (file: string): Effect.Effect<void, Unsuccessful> =>
  Effect.tryPromise({ try: () => access(file, constants.R_OK), catch: unread(file) })

/** The lines of a file. */
export const lines = (file: string): Stream.Stream<string, Unsuccessful> =>
  Stream.suspend(() => Stream.fromAsyncIterable(texts(file), unread(file))).pipe(Stream.splitLines)

/** Hazard: a lenient decoder would import a damaged name as another name. */
const texts = async function* (file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true })
  let length = 0
  for await (const chunk of source(file) as AsyncIterable<Buffer>) {
    const last = chunk.lastIndexOf("\n")
    length = last === -1 ? length + chunk.length : chunk.length - last - 1
    if (length > maxLine) throw new Error("a line is too long to be part of an export")
    yield decoder.decode(chunk, { stream: true })
  }
  yield decoder.decode()
}

const source = (file: string): Readable => {
  const raw = createReadStream(file)
  if (!isCompressed(file)) return raw
  const unpacked = createGunzip()
  // A failure of either stream fails the reading.
  pipeline(raw, unpacked).catch((error) => unpacked.destroy(error))
  return unpacked
}
