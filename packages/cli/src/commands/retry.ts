import { Effect, Option, Schema, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { Backend } from "../Backend.ts"
import { Unsuccessful } from "../Failure.ts"
import * as Input from "../Input.ts"
import * as Output from "../Output.ts"
import { listing } from "../publicationTable.ts"
import { during } from "../publishing.ts"
import { count } from "../Text.ts"
import { json, session } from "./shared.ts"

/** Failed publications read at a time. */
const pageSize = 1_000

export const retry = Command.make(
  "retry",
  {
    ids: Argument.String("PUBLICATION").pipe(
      Argument.withDescription("Numbers of failed, gone or skipped publications. Default: list those that failed"),
      Argument.variadic({ min: 0 })
    ),
    everything: Flag.Boolean("all").pipe(
      Flag.withDefault(false),
      Flag.withoutNegation,
      Flag.withDescription("Retry all failed publications")
    ),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { ids } = yield* Input.all({
      ids: Input.each(typed.ids, (id) => Input.number("PUBLICATION", Input.RowId, id)),
      one: Input.rule({
        holds: !typed.everything || typed.ids.length === 0,
        fault: "Give either numbers of publications or --all, not both"
      })
    })
    const options = { json: typed.json }
    if (typed.everything) yield* retryAll(options)
    else if (ids.length === 0) yield* listFailed(options)
    else yield* retryEach(ids, options)
  })
).pipe(
  Command.withDescription("Retry failed publications, or list them with the reasons"),
  Command.withShortDescription("Retry failed publications, or list them")
)

interface Options {
  readonly json: boolean
}

const Retried = Schema.Struct({ retried: Schema.Int })

const retryAll = Effect.fnUntraced(function* (options: Options) {
  const { withGitpip } = yield* session
  const retried = yield* withGitpip((gitpip) => Effect.tap(gitpip.retryFailed, reportPause(gitpip)))
  yield* Output.result(
    { retried },
    { ...options, schema: Retried, show: () => `${count(retried, "publication")} will be tried again` }
  )
  if (retried > 0) yield* dueNow
})

const listFailed = Effect.fnUntraced(function* (options: Options) {
  const { core, withGitpip } = yield* session
  let listed = 0
  yield* withGitpip((gitpip) =>
    Output.list({
      ...listing,
      ...options,
      schema: core.Publication,
      pages: Stream.paginate(Number.MAX_SAFE_INTEGER, (before: number) =>
        Effect.map(gitpip.publications({ before, limit: pageSize, state: "failed" }), (page) => {
          listed += page.length
          return [
            [page],
            Option.map(Option.fromNullishOr(page.length < pageSize ? undefined : page.at(-1)), ({ id }) => id)
          ]
        })
      ),
      empty: "No publication has failed."
    }).pipe(Effect.tap(reportPause(gitpip)))
  )
  if (listed > 0) yield* Output.message("Try them again: gitpip retry PUBLICATION… or gitpip retry --all")
})

/** Each by itself: one that cannot be retried does not stop the others. */
const retryEach = Effect.fnUntraced(function* (ids: ReadonlyArray<number>, options: Options) {
  const { core, withGitpip } = yield* session
  const [retried, refused] = yield* withGitpip((gitpip) =>
    Effect.tap(
      Effect.partition(ids, (id) => gitpip.retry(id)),
      reportPause(gitpip)
    )
  )
  yield* Output.list({
    ...listing,
    ...options,
    schema: core.Publication,
    pages: Stream.make(retried),
    empty: ""
  })
  if (retried.length > 0) yield* dueNow
  if (refused.length > 0) {
    return yield* new Unsuccessful({
      message: `${refused.map(({ message }) => message).join(".\n")}${retried.length === 0 ? ", so nothing was retried" : ""}. \`gitpip retry\` lists failed publications.`
    })
  }
})

const dueNow = Output.message("They are due now: a running server publishes them; without one, run `gitpip scan`.")

/** A retry does not end a pause, and a paused publication has not failed. */
const reportPause = (gitpip: Backend["Service"]) =>
  Effect.flatMap(gitpip.status, ({ publications: { pending }, publishing }) =>
    publishing.state === "paused"
      ? Output.message(
          `Publishing is paused${during(publishing)}, and ${count(pending, "publication")} ${pending === 1 ? "waits" : "wait"}: ${publishing.message}`
        )
      : Effect.void
  )
