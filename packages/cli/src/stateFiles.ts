/** Files of state: lines in, lines out, packed when their name ends in `.gz`. */
import { once } from "node:events"
import { createReadStream } from "node:fs"
import { open, rm } from "node:fs/promises"
import type { Readable, Writable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { createGunzip, createGzip } from "node:zlib"
import { Effect, Exit, Stream } from "effect"
import { Unsuccessful } from "./Failure.ts"

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
  const { close, sink } = yield* Effect.acquireRelease(
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
            sink.write(part, (error) => (error ? reject(error) : resolve()))
          }),
        catch: unwritten(file)
      }),
    /** Everything is on the disk when this is done. */
    close: Effect.tryPromise({ try: close, catch: unwritten(file) })
  }
})

const openSink = async (file: string): Promise<{ readonly sink: Writable; readonly close: () => Promise<unknown> }> => {
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
      }
    }
  }
  const sink = createGzip()
  const done = pipeline(sink, target)
  // Whoever writes is told of the failure.
  done.catch(() => undefined)
  return {
    sink,
    close: () => {
      sink.end()
      return done
    }
  }
}

/** The lines of a file. */
export const lines = (file: string): Stream.Stream<string, Unsuccessful> => {
  const unread = (cause: unknown) =>
    new Unsuccessful({
      message: `${file} cannot be read: ${text(cause)}. Give a file that \`gitpip export\` wrote; one that is packed ends in .gz`
    })
  return Stream.suspend(() => Stream.fromAsyncIterable<Uint8Array, Unsuccessful>(source(file), unread)).pipe(
    Stream.decodeText,
    Stream.splitLines
  )
}

const source = (file: string): Readable => {
  const raw = createReadStream(file)
  if (!isPacked(file)) return raw
  const unpacked = createGunzip()
  // A failure of either is one of what is read.
  pipeline(raw, unpacked).catch((error) => unpacked.destroy(error))
  return unpacked
}
