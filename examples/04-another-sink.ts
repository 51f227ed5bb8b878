/**
 * Another sink in Pipedrive's place: new files become lines of a file. The outbox, its leases and the lookup before
 * another create stay as they are.
 *
 * Run: npx node examples/04-another-sink.ts octocat
 */
import { appendFile, readFile } from "node:fs/promises"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import {
  Database,
  Gitpip,
  layerTransport,
  OutcomeUnknown,
  Settings,
  Sink,
  SinkError,
  tooLate,
  Username
} from "@gitpip/core"
import { Console, Effect, Layer, Option, References, Schema } from "effect"

const file = process.env.FEED_FILE ?? "feed.jsonl"

/** A disk that fails may or may not have written: the outcome is unknown, and Gitpip runs a lookup before it writes again. */
const disk = <A>(work: () => Promise<A>) =>
  Effect.tryPromise({
    try: work,
    catch: (cause) => new SinkError({ reason: new OutcomeUnknown({ message: String(cause) }) })
  })

const FileSink = Layer.succeed(Sink, {
  limitKey: `file:${file}`,
  off: Option.none(),
  target: ({ username }) => Effect.succeed(username),
  forget: () => Effect.void,
  create: ({ begin, content, delivery, target }) =>
    Effect.gen(function* () {
      const { filename, htmlUrl } = delivery
      const text = content._tag === "Text" ? content.text : null
      const line = `${JSON.stringify({ user: target, file: filename, url: htmlUrl, text })}\n`
      // Right before anything is written: a process that lost the right to write stops here.
      if (!(yield* begin)) return yield* tooLate
      yield* disk(() => appendFile(file, line))
      return { remoteId: htmlUrl }
    }),
  find: (_target, delivery) =>
    disk(() => readFile(file, "utf8").catch(() => "")).pipe(
      Effect.map((lines) => (lines.includes(JSON.stringify(delivery.htmlUrl)) ? [delivery.htmlUrl] : []))
    ),
  deleteDuplicate: () => Effect.void,
  budget: Effect.succeedNone,
  block: () => Effect.void
})

const program = Effect.gen(function* () {
  const gitpip = yield* Gitpip
  const [username] = yield* Schema.decodeUnknownEffect(Schema.NonEmptyArray(Username))(process.argv.slice(2))
  yield* gitpip.track(username)
  yield* gitpip.scan({ username })
  const { published } = yield* gitpip.publish
  yield* Console.log(`${published} files of ${username} written to ${file}`)
})

program.pipe(
  Effect.provide(
    Gitpip.layerWithSink.pipe(
      Layer.provide(FileSink),
      Layer.provide(Layer.mergeAll(Database.layer, layerTransport)),
      Layer.provide(Settings.layer)
    )
  ),
  Effect.provideService(References.MinimumLogLevel, "Warn"),
  NodeRuntime.runMain
)
