/** Tracks a user, with what a person says about the user: the deal, the person, and rules on files. */
import { Effect } from "effect"
import type { DatabaseError } from "./database/Database.ts"
import type { User, UserId, Username } from "./domain/User.ts"
import type { RulesGiven } from "./domain/UserRules.ts"
import { Sink, TargetNotFound } from "./publish/Sink.ts"
import { Settings } from "./Settings.ts"
import { Signals } from "./Signals.ts"
import { unusedChoices } from "./settings/unused.ts"
import { Changes } from "./status/Changes.ts"
import { Store } from "./store/Store.ts"
import type { UserConflict } from "./store/Users.ts"

/** Pipedrive's number of what a person chooses, or `default` to take an earlier choice back. */
export type Choice = number | "default"

/** What may be said about a user who is tracked. What is left out stays as it is. */
export interface TrackOptions {
  /** The caller's own number of the user: by default the next free one. */
  readonly id?: UserId | undefined
  readonly deal?: Choice | undefined
  readonly person?: Choice | undefined
  readonly rules?: RulesGiven | undefined
}

/** A user who is tracked now. */
export interface Tracked {
  readonly user: User
  /** `false` when the user was tracked before. */
  readonly created: boolean
  /** Why the deal or the person that this call chose does not count under the settings; empty when it counts. */
  readonly unused: ReadonlyArray<string>
}

/** The call that tracks a user. */
export type Track = (
  username: Username,
  options?: TrackOptions
) => Effect.Effect<Tracked, UserConflict | TargetNotFound | DatabaseError>

const numberOf = (choice: Choice | undefined) => (choice === "default" ? undefined : choice)

/** Fails when Pipedrive surely does not have it. While Pipedrive does not answer, the choice is taken as it is. */
const requireChosen = Effect.fnUntraced(function* (sink: Sink["Service"], options: TrackOptions) {
  const chosen = { deal: numberOf(options.deal), person: numberOf(options.person) }
  if (sink.faultsOf === undefined || (chosen.deal === undefined && chosen.person === undefined)) return
  const faults = yield* Effect.orElseSucceed(sink.faultsOf(chosen), () => [])
  if (faults.length > 0) return yield* new TargetNotFound({ message: faults.join("; ") })
})

/** The call, on these services. */
export const make: Effect.Effect<Track, never, Changes | Settings | Signals | Sink | Store> = Effect.gen(function* () {
  const { publications, targets, users } = yield* Store
  const sink = yield* Sink
  const settings = yield* Settings
  const changes = yield* Changes
  const signals = yield* Signals

  const choose = Effect.fnUntraced(
    function* (username: Username, { deal, person }: TrackOptions) {
      if (deal === undefined && person === undefined) return
      const key = yield* users.key(username)
      for (const [kind, choice] of [
        [targets.deals, deal],
        [targets.persons, person]
      ] as const) {
        if (choice === "default") yield* kind.unchoose(key)
        else if (choice !== undefined) yield* kind.choose(key, choice)
      }
      yield* publications.endWait(key)
      yield* signals.publications.raise
    },
    Effect.catchTag("UserNotTracked", () => Effect.void)
  )

  return Effect.fn("Gitpip.track")(function* (username, options = {}) {
    yield* requireChosen(sink, options)
    const tracked = yield* users.track(username, options)
    yield* choose(username, options)
    if (tracked.created) yield* signals.singleScans.raise
    if (tracked.created) yield* changes.report({ type: "user", login: tracked.user.login })
    const chosen = { deal: numberOf(options.deal) !== undefined, person: numberOf(options.person) !== undefined }
    return { ...tracked, unused: unusedChoices(settings, chosen) }
  })
})
