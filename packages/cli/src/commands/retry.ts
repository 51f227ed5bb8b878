import type { Publication } from "@gitpip/core"
import { Effect, Option, Result, Schema, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { Backend } from "../Backend.ts"
import { Unsuccessful } from "../Failure.ts"
import * as Input from "../Input.ts"
import * as Output from "../Output.ts"
import { during } from "../publishing.ts"
import type { Row } from "../Table.ts"
import { count } from "../Text.ts"
import { stateMeanings } from "./files.ts"
import { json, session } from "./shared.ts"

/** Failed publications read at a time. */
const pageSize = 1_000

export const retry = Command.make(
  "retry",
  {
    ids: Argument.String("PUBLICATION").pipe(
      Argument.withDescription("Numbers of failed or gone publications. Default: list those that failed"),
      Argument.variadic({ min: 0 })
    ),
    everything: Flag.Boolean("all").pipe(
      Flag.withDefault(false),
      Flag.withoutNegation,
      Flag.withDescription("Try all failed ones again")
    ),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { core, withGitpip } = yield* session
    const { ids } = yield* Input.all({
      ids: Input.each(typed.ids, (id) => Input.number("PUBLICATION", Input.RowId, id)),
      one: Input.rule(
        !typed.everything || typed.ids.length === 0,
        "Give either numbers of publications or --all, not both"
      )
    })
    if (typed.everything) {
      const retried = yield* withGitpip((gitpip) => Effect.tap(gitpip.retryFailed, sayPaused(gitpip)))
      yield* Output.result(
        typed.json,
        Retried,
        { retried },
        ({ retried }) => `${count(retried, "publication")} will be tried again`
      )
      return yield* Effect.when(sayWhen, Effect.succeed(retried > 0)).pipe(Effect.asVoid)
    }
    if (ids.length === 0) {
      let listed = 0
      yield* withGitpip((gitpip) =>
        Output.list({
          ...listing,
          json: typed.json,
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
        }).pipe(Effect.tap(sayPaused(gitpip)))
      )
      if (listed > 0) yield* Output.message("Try them again: gitpip retry PUBLICATION… or gitpip retry --all")
      return
    }
    const results = yield* withGitpip((gitpip) =>
      Effect.tap(
        Effect.forEach(ids, (id) => Effect.result(gitpip.retry(id))),
        sayPaused(gitpip)
      )
    )
    const retried = results.flatMap((one) => (Result.isSuccess(one) ? [one.success] : []))
    const refused = results.flatMap((one) => (Result.isFailure(one) ? [one.failure] : []))
    yield* Output.list({
      ...listing,
      json: typed.json,
      schema: core.Publication,
      pages: Stream.make(retried),
      empty: "None is tried again."
    })
    if (retried.length > 0) yield* sayWhen
    if (refused.length > 0) {
      return yield* new Unsuccessful({
        message: `${refused.map(({ message }) => message).join(".\n")}.\n\`gitpip retry\` without a number lists those that failed.`
      })
    }
  })
).pipe(
  Command.withDescription("Try failed publications again, or list them with the reasons"),
  Command.withShortDescription("Try failed publications again, or list them")
)

const Retried = Schema.Struct({ retried: Schema.Int })

const sayWhen = Output.message("They are due now: a running server publishes them; without one, run `gitpip scan`.")

/** What is paused has not failed, and a retry does not end the pause. */
const sayPaused = (gitpip: Backend["Service"]) =>
  Effect.flatMap(gitpip.status, ({ publications: { pending }, publishing }) =>
    publishing.state === "paused"
      ? Output.message(
          `Publishing is paused${during(publishing)}, and ${count(pending, "publication")} ${pending === 1 ? "waits" : "wait"}: ${publishing.message}`
        )
      : Effect.void
  )

const listing = {
  header: ["ID", "STATE", "USER", "FILE", "REASON"],
  row: (publication: Publication): Row => [
    String(publication.id),
    { text: publication.state, meaning: stateMeanings[publication.state] },
    publication.owner,
    publication.filename,
    publication.errorMessage ?? ""
  ]
}
