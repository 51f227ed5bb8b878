/** Files of state: lines in, lines out, packed when their name ends in `.gz`. */
import { once } from "node:events"
import { createReadStream } from "node:fs"
import { open, rm } from "node:fs/promises"
import type { Readable, Writable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { createGunzip, createGzip } from "node:zlib"
import { Effect, Exit, Stream } from "effect"
import { Unsuccessful } from "./Failure.ts"

/** In bytes. No row comes near it; what has no ends of lines would be gathered in memory until there is none. */
const maxLine = 16 * 1024 * 1024

const isPacked = (file: string): boolean => file.endsWith(".gz")

const text = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const unwritten = (file: string) => (cause: unknown) =>
  new Unsuccessful({
    message:
      cause instanceof Error && "code" in cause && cause.code === "EEXIST"
        ? `${file} is there already, and is left as it is. Give another name, or move it away`
        : `${file} cannot be written: ${text(cause)}. Check the directory, its rights and its space`
  })

/**
 * A new file for its owner's eyes, which goes away again unless the scope ends well. Writing waits until there is room, so that
 * no more than a part is ever in memory.
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
    /** Everything is on the disk when this is done. */
    close: Effect.tryPromise({ try: close, catch: unwritten(file) })
  }
})

interface Sink {
  readonly sink: Writable
  readonly close: () => Promise<unknown>
  /** Why nothing can be written any more, where the sink itself knows only that it is so. */
  readonly reason: () => unknown
}

const openSink = async (file: string): Promise<Sink> => {
  const handle = await open(file, "wx", 0o600)
  const target = handle.createWriteStream({ flush: true })
  if (!isPacked(file)) {
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

/** The lines of a file. */
export const lines = (file: string): Stream.Stream<string, Unsuccessful> => {
  const unread = (cause: unknown) =>
    new Unsuccessful({
      message: `${file} cannot be read: ${text(cause)}. Give a file that \`gitpip export\` wrote; one that is packed ends in .gz`
    })
  return Stream.suspend(() => Stream.fromAsyncIterable(texts(file), unread)).pipe(Stream.splitLines)
}

/** Hazard: a lenient decoder would take over a damaged name as another one. */
const texts = async function* (file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true })
  let length = 0
  for await (const chunk of source(file) as AsyncIterable<Buffer>) {
    const last = chunk.lastIndexOf("\n")
    length = last === -1 ? length + chunk.length : chunk.length - last - 1
    if (length > maxLine) throw new Error("it has a line that is too long for a row of Gitpip")
    yield decoder.decode(chunk, { stream: true })
  }
  yield decoder.decode()
}

const source = (file: string): Readable => {
  const raw = createReadStream(file)
  if (!isPacked(file)) return raw
  const unpacked = createGunzip()
  // A failure of either is one of what is read.
  pipeline(raw, unpacked).catch((error) => unpacked.destroy(error))
  return unpacked
}
