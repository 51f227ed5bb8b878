/** The deal of each user, with its owner, as this process knows them. */
import { Cache, DateTime, Duration, Effect, Exit, Option, Result } from "effect"
import type { Recipient, SinkError } from "../publish/Sink.ts"
import { SinkError as Failure, NotYet } from "../publish/Sink.ts"
import type { DealSettings } from "../Settings.ts"
import type { Deals as Records } from "../store/Targets.ts"
import { mergedInto, whyUnusable } from "./chooseDeal.ts"
import * as Deals from "./deals.ts"
import { type PipedriveError, whenRefused } from "./errors.ts"
import * as FindDeals from "./findDeals.ts"
import type { Organizations } from "./organizations.ts"
import type { Pipedrive } from "./Pipedrive.ts"
import type { Placing } from "./Placing.ts"
import type { PersonList } from "./personList.ts"
import type { Persons } from "./persons.ts"
import { failing, sinking, storing } from "./sinkErrors.ts"
import type { Contacts } from "./userContacts.ts"

/** How long a user's deal is taken from memory. */
const memory = Duration.minutes(10)

/** How long files wait for a person to choose a deal, before a search of 20 tokens asks again. */
const choosing = Duration.hours(1)

/** How long a deal's owner is taken for true: a salesperson who takes over a deal owns its activities a day later. */
const ownership = Duration.days(1)

/** What a deal's own page says. */
interface DealState {
  readonly ownerId: number | undefined
  /** `null`: the deal has none. `undefined`: nobody knows. */
  readonly personId: number | null | undefined
  readonly organizationId: number | undefined
  readonly isClosed: boolean
}

const unknown: DealState = { ownerId: undefined, personId: undefined, organizationId: undefined, isClosed: false }

const capacity = 10_000

/** What Pipedrive shows. What it refuses to show counts as gone. */
const shown = <A>(read: Effect.Effect<Option.Option<A>, PipedriveError>): Effect.Effect<Option.Option<A>, SinkError> =>
  sinking(read.pipe(whenRefused(() => Effect.succeedNone)))

interface Parts {
  readonly pipedrive: Pipedrive["Service"]
  readonly records: Records
  readonly settings: DealSettings
  /** Tokens that the searches for one user's deal cost, and a list of deals saves. */
  readonly searchesCost: number
  readonly placing: Placing
  readonly contacts: Contacts
  readonly organizations: Organizations
  readonly personList: PersonList
  readonly persons: Persons
}

const keyOf = ({ profile, userKey, username }: Recipient): Recipient => ({
  userKey,
  username,
  ...(profile === undefined ? {} : { profile })
})

export const make = Effect.fnUntraced(function* (parts: Parts) {
  const { organizations, persons, pipedrive, placing, records, settings } = parts
  const findDeals = yield* FindDeals.make(parts)
  const ensure = Deals.make({ ...parts, findDeals })
  /** Deals that were forgotten here. A file that was claimed before still names the deal. */
  const forgotten = new Set<number>()

  /** 1 token for each deal and day. Without a readable answer the deal's owner is unknown, which delays nothing. */
  const states = yield* Cache.makeWith(
    (id: number): Effect.Effect<DealState, SinkError> =>
      pipedrive.deal(id).pipe(
        Effect.map(
          Option.match({
            onNone: () => unknown,
            onSome: ({ org_id, owner_id, person_id, status }) => ({
              ownerId: owner_id ?? undefined,
              personId: person_id,
              organizationId: org_id ?? undefined,
              isClosed: status === "won" || status === "lost"
            })
          })
        ),
        Effect.catchReasons("PipedriveError", {
          Refused: () => Effect.succeed(unknown),
          Forbidden: () => Effect.succeed(unknown),
          NotFound: () => Effect.succeed(unknown),
          NotPipedrive: () => Effect.succeed(unknown),
          OutcomeUnknown: () => Effect.succeed(unknown),
          ItemLimited: () => Effect.succeed(unknown)
        }),
        Effect.catchTag("PipedriveError", failing)
      ),
    {
      capacity,
      timeToLive: Exit.match({
        onFailure: () => Duration.zero,
        onSuccess: ({ ownerId }) => (ownerId === undefined ? memory : ownership)
      })
    }
  )

  /** Files of one user are published side by side: they share one search for the deal. */
  const found = yield* Cache.makeWith(
    (recipient: Recipient) =>
      Effect.gen(function* () {
        const ensured = yield* ensure(recipient)
        const until = DateTime.addDuration(yield* DateTime.now, choosing)
        if (ensured._tag === "Target" && ensured.target.ownerId !== undefined) {
          const { id, organizationId, ownerId, personId } = ensured.target
          yield* Cache.set(states, id, { ownerId, personId, organizationId, isClosed: false })
        }
        return { ensured, until }
      }),
    {
      capacity,
      timeToLive: Exit.match({
        onFailure: () => Duration.zero,
        onSuccess: ({ ensured }) => (ensured._tag === "Several" ? choosing : memory)
      })
    }
  )

  const dealOf = Effect.fnUntraced(function* (recipient: Recipient) {
    const { ensured, until } = yield* Cache.get(found, keyOf(recipient))
    if (ensured._tag === "Target") return ensured.target.id
    const message = ensured._tag === "Several" ? ensured.message : "The user has no deal"
    return yield* new Failure({ reason: new NotYet({ message, retryAt: until }) })
  })

  /**
   * The deal that a gone one was merged into. 4 tokens. Another user's deal needs two activities as proof. Any doubt counts as
   * none: then a search finds the next deal. Fails when Pipedrive shows no activity for a reason that may pass.
   */
  const survivorOf = Effect.fnUntraced(function* ({ userKey }: Recipient, id: number) {
    const remoteIds = yield* storing(records.newestOn(userKey, id))
    const read = yield* Effect.forEach(remoteIds, (remoteId) =>
      Effect.result(shown(pipedrive.activity(Number(remoteId))))
    )
    const activities = read.flatMap((one) => (Result.isSuccess(one) ? Option.toArray(one.success) : []))
    const failed = read.find(Result.isFailure)
    if (activities.length === 0 && failed !== undefined) return yield* Effect.fail(failed.failure)
    const survivor = mergedInto(activities, id)
    if (survivor === undefined) return undefined
    const isOthers = (yield* storing(records.ofOthers(userKey, [survivor]))).has(survivor)
    if (isOthers && activities.length < 2) return undefined
    return whyUnusable(yield* shown(pipedrive.deal(survivor))) === undefined ? survivor : undefined
  })

  /** Forgets a deal, or puts another in its place. */
  const replace = Effect.fnUntraced(function* (recipient: Recipient, id: number, instead: number | undefined) {
    yield* storing(records.forget(recipient.userKey, id, instead))
    forgotten.add(id)
    yield* Cache.invalidate(found, keyOf(recipient))
    yield* Cache.invalidate(states, id)
    yield* findDeals.forget(id)
  })

  /** Whether the deal came with the claim. Then no statement asks for the deal. */
  const isOnRecord = (recipient: Recipient): recipient is Recipient & { readonly knownDeal: number } =>
    typeof recipient.knownDeal === "number" && !forgotten.has(recipient.knownDeal)

  return {
    /** Forgets a deal that is gone, or follows the deal to what it was merged into. */
    forget: Effect.fnUntraced(function* (recipient: Recipient, id: number): Effect.fn.Return<void, SinkError> {
      yield* replace(recipient, id, yield* survivorOf(recipient, id))
    }),
    /** The user's deal: the one that a person named for the user, else the one on record. One that is won or lost is replaced when the settings say so. */
    target: Effect.fnUntraced(function* (recipient: Recipient): Effect.fn.Return<number, SinkError> {
      // Read with the file, so that no process goes on with another deal from memory.
      if (typeof recipient.chosenDeal === "number") return recipient.chosenDeal
      const id = isOnRecord(recipient) ? recipient.knownDeal : yield* dealOf(recipient)
      const { owner } = yield* placing.current
      if (owner !== "deal" && settings.closed === "keep") return id
      const { isClosed } = yield* Cache.get(states, id)
      if (!isClosed || settings.closed === "keep") return id
      // The deal is still there, so nobody has merged it.
      yield* replace(recipient, id, undefined)
      return yield* dealOf(recipient)
    }),
    /** Who takes part in an activity on a deal. `undefined`: nobody, or nobody knows. */
    personOf: Effect.fnUntraced(function* (
      recipient: Recipient,
      id: number
    ): Effect.fn.Return<number | undefined, SinkError> {
      const isOfDeal = persons.isOn && typeof recipient.chosenPerson !== "number"
      return yield* persons.participant(recipient, isOfDeal ? (yield* Cache.get(states, id)).personId : undefined)
    }),
    /** The organization of an activity on a deal, which is the deal's. `undefined`: none, or nobody knows. */
    organizationOf: Effect.fnUntraced(function* (id: number): Effect.fn.Return<number | undefined, SinkError> {
      if (!organizations.isOn) return undefined
      const { organizationId } = yield* Cache.get(states, id)
      return organizationId === undefined || organizations.isRefused(organizationId) ? undefined : organizationId
    }),
    /** Who owns an activity on a deal. `undefined`: the token's user, or nobody knows. */
    ownerOf: Effect.fnUntraced(function* (id: number): Effect.fn.Return<number | undefined, SinkError> {
      const { owner } = yield* placing.current
      if (owner === "me") return undefined
      return owner === "deal" ? (yield* Cache.get(states, id)).ownerId : owner.id
    })
  }
})

export type UserDeals = Effect.Success<ReturnType<typeof make>>
