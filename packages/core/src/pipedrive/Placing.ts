/**
 * The placement that the settings name, found at Pipedrive once, before anything is published.
 *
 * Guarantees: a default installation reads nothing. While a name does not fit, publishing pauses with the choices, and
 * Pipedrive is asked again later: a pipeline that a person renames stops no server.
 */
import { Clock, DateTime, Duration, Effect, Option, Result, Semaphore } from "effect"
import * as Timing from "../domain/Timing.ts"
import { Paused, SinkError } from "../publish/Sink.ts"
import type { Settings } from "../Settings.ts"
import { whenRefused } from "./errors.ts"
import type { Pipedrive } from "./Pipedrive.ts"
import {
  findNamedPersonField,
  isSamePlacement,
  type Lists,
  needed,
  type Placed,
  type Placement,
  resolve
} from "./placement.ts"
import { failing, notYet } from "./sinkErrors.ts"

/** A refused create has the names found again, but not for each file of many that Pipedrive refuses for reasons of their own. */
const recheckInterval = Duration.minutes(1)

/**
 * Reads the lists that settings need. A list that is refused is missing. 10 tokens for pipelines, stages, fields of deals,
 * of activities and of persons each, 20 for users, for activity types and for labels of leads.
 */
const readLists = Effect.fnUntraced(function* (pipedrive: Pipedrive["Service"], wanted: ReturnType<typeof needed>) {
  const list = <const Name extends string, A, E, R>(name: Name, isWanted: boolean, read: Effect.Effect<A, E, R>) =>
    isWanted ? Effect.map(read, (items) => ({ [name]: items }) as { readonly [N in Name]: A }) : Effect.succeed({})
  const parts = yield* Effect.forEach(
    [
      list("pipelines", wanted.pipelines, pipedrive.pipelines),
      list("stages", wanted.stages, pipedrive.stages),
      list("users", wanted.users, pipedrive.users),
      wanted.dealChoices ? pipedrive.dealChoices : Effect.succeed({}),
      list("priorities", wanted.priorities, pipedrive.priorities),
      list("types", wanted.types, pipedrive.activityTypes),
      list("personFields", wanted.personFields, pipedrive.personFields),
      list("leadLabels", wanted.leadLabels, pipedrive.leadLabels)
    ],
    whenRefused(() => Effect.succeed({}))
  )
  return Object.assign({}, ...parts) as Lists
})

/**
 * What the settings name and Pipedrive does not have, each with the choices: for `gitpip doctor`. 20 tokens, and those of
 * `readLists` for settings that name things.
 */
export const checkPlacement = Effect.fnUntraced(function* (
  pipedrive: Pipedrive["Service"],
  placed: Placed & Pick<Settings["Service"], "followPipedrive">
) {
  const types = yield* pipedrive.activityTypes
  const wanted = needed(placed)
  const { field } = placed.person
  // Persons are followed by their field, also when activities name no person.
  const followed = !wanted.personFields && Option.isSome(placed.followPipedrive) ? field : Option.none()
  const lists = yield* readLists(pipedrive, {
    ...wanted,
    types: false,
    personFields: wanted.personFields || Option.isSome(followed)
  })
  return Result.match(resolve(placed, { ...lists, types }), {
    onSuccess: (): ReadonlyArray<string> => faultsOfField(followed, lists),
    onFailure: (faults) => [...faults, ...faultsOfField(followed, lists)]
  })
})

const faultsOfField = (field: Option.Option<string>, { personFields }: Lists): ReadonlyArray<string> =>
  Option.match(field, {
    onNone: () => [],
    onSome: (text) => Option.toArray(Result.getFailure(findNamedPersonField(text, personFields)))
  })

/** What is wrong with the settings, for people. */
const misfit = (faults: ReadonlyArray<string>): string =>
  `${faults.length === 1 ? "A setting does" : `${faults.length} settings do`} not fit Pipedrive. ${faults.join("; ")}`

type State =
  | { readonly _tag: "Unknown" }
  | { readonly _tag: "Found"; readonly placement: Placement }
  | { readonly _tag: "Wrong"; readonly message: string; readonly until: number }

const paused = (message: string, until: number) =>
  new SinkError({ reason: new Paused({ message, until: DateTime.makeUnsafe(until), enforcedBy: "self" }) })

/** Reads the lists that settings need. Publishing waits longer each time that Pipedrive does not answer. */
const makeRead = (pipedrive: Pipedrive["Service"], wanted: ReturnType<typeof needed>) => {
  /** Readings in a row without an answer. */
  let unanswered = 0
  const pause = Effect.fnUntraced(function* ({ message }: { readonly message: string }) {
    unanswered++
    const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(Timing.outageDelay(unanswered))
    return yield* paused(`Pipedrive does not report what the settings name: ${message}`, until)
  })
  return readLists(pipedrive, wanted).pipe(
    Effect.tap(() => Effect.sync(() => (unanswered = 0))),
    Effect.catchReasons("PipedriveError", {
      OutcomeUnknown: pause,
      NotPipedrive: pause,
      ItemLimited: pause,
      Withdrawn: pause
    }),
    Effect.catchTag("PipedriveError", failing)
  )
}

export const make = Effect.fnUntraced(function* (pipedrive: Pipedrive["Service"], placed: Placed) {
  const one = yield* Semaphore.make(1)
  const wanted = needed(placed)
  const readsAny = Object.values(wanted).includes(true)
  let state: State = { _tag: "Unknown" }
  let recheckedAt = Number.NEGATIVE_INFINITY
  const read = makeRead(pipedrive, wanted)

  const find = Effect.gen(function* () {
    const lists = yield* read
    const now = yield* Clock.currentTimeMillis
    state = Result.match(resolve(placed, lists), {
      // Copies of lists are kept for as long as the placement is the same object.
      onSuccess: (placement): State =>
        state._tag === "Found" && isSamePlacement(state.placement, placement) ? state : { _tag: "Found", placement },
      onFailure: (faults): State => ({
        _tag: "Wrong",
        message: misfit(faults),
        until: now + Duration.toMillis(Timing.credentialDelay)
      })
    })
    return yield* Option.getOrThrow(known(state, now))
  })

  /** What is known now, else `otherwise`. */
  const knownOr = (otherwise: Effect.Effect<Placement, SinkError>) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => Option.getOrElse(known(state, now), () => otherwise))

  const current = knownOr(one.withPermit(knownOr(find)))

  /** Read again, once in `recheckInterval` at most. */
  const refreshed = one.withPermit(
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const isDue =
        readsAny && state._tag === "Found" && Math.abs(now - recheckedAt) >= Duration.toMillis(recheckInterval)
      const latest = isDue ? Option.none() : known(state, now)
      const placement = yield* Option.getOrElse(latest, () => find)
      if (Option.isNone(latest)) recheckedAt = now
      return placement
    })
  )

  return {
    /** Fails with `Paused` while a setting does not fit, or Pipedrive does not answer. */
    current,
    /** What was wrong when Pipedrive was last asked. */
    fault: Effect.sync(() => (state._tag === "Wrong" ? Option.some(state.message) : Option.none())),
    /** As `current`, when something shows that the lists may be old. They are read again whatever their age, once a minute at most. */
    refreshed,
    /**
     * After a refusal of a create that was sent with this placement: fails when the names now mean something else, or
     * nothing; else the refusal is the item's own.
     */
    recheck: Effect.fnUntraced(function* (sent: Placement): Effect.fn.Return<void, SinkError> {
      if (!readsAny || isSamePlacement(yield* refreshed, sent)) return
      const message = "Pipedrive's ids of the settings' names have changed; the file is sent with the new ones"
      return yield* notYet(message, Duration.seconds(1))
    })
  }
})

export type Placing = Effect.Success<ReturnType<typeof make>>

/** What is known now; `None` when Pipedrive has to be asked. */
const known = (state: State, now: number): Option.Option<Effect.Effect<Placement, SinkError>> => {
  switch (state._tag) {
    case "Found":
      return Option.some(Effect.succeed(state.placement))
    case "Wrong":
      return state.until > now ? Option.some(Effect.fail(paused(state.message, state.until))) : Option.none()
    case "Unknown":
      return Option.none()
  }
}
