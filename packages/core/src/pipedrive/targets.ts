/**
 * Finds or creates a user's target at Pipedrive, once: the deal, the person, or the organization of the user's company.
 *
 * Pipedrive lets many deals, persons and organizations bear one name, so a second create would make a duplicate. One process at a time finds
 * or creates a target, under a lease. When the response to a create is lost, the newest items show whether it happened:
 * the search lags behind.
 */
import { DateTime, Duration, Effect, Option } from "effect"
import { isUuid } from "../domain/Text.ts"
import * as Timing from "../domain/Timing.ts"
import type { UserKey } from "../domain/User.ts"
import type { SinkError } from "../publish/Sink.ts"
import type { OwnedTargets, TargetLease, TargetRow } from "../store/Targets.ts"
import type { Begin, Pipedrive, PipedriveError } from "./Pipedrive.ts"
import { notYet, storing } from "./sinkErrors.ts"

/** Long enough for a search, a lookup and a create that all wait behind a limit. */
const lease = Duration.minutes(5)

/** What a search shows: nothing, the target, or several of which a person has to choose. */
export type Choice<A> =
  | { readonly _tag: "None" }
  | { readonly _tag: "One"; readonly target: A }
  | { readonly _tag: "Several"; readonly message: string }

/** A create that was sent, and whose response did not arrive. */
export interface Sent {
  /** When the create was sent, by the database's clock. */
  readonly at: DateTime.Utc
  /** Earlier than the create, by more than clocks differ. */
  readonly since: DateTime.Utc
  /** The name that was sent. `null`: by a version of Gitpip that did not note it. */
  readonly as: string | null
}

/** Creates the target. `begin` notes the name that is sent. */
export type Create<A> = (begin: (as: string) => Begin) => Effect.Effect<A, SinkError>

/** Whose a target is: a user's, or a company's by the hash of its name. */
type Owner = UserKey | string

/** For messages and remote ids. */
type Name = "deal" | "person" | "organization"

/** How a target of one kind is found and created. */
export interface Kind<A extends { readonly id: number }, K extends Owner = UserKey> {
  readonly records: OwnedTargets<K>
  readonly name: Name
  /** The target that such a create made. Not delayed like a search. */
  readonly findCreated: (sent: Sent) => Effect.Effect<A | undefined, SinkError>
  readonly find: Effect.Effect<Choice<A>, SinkError>
  /** Prepares the create. `undefined`: none is created. */
  readonly create: Effect.Effect<Create<A> | undefined, SinkError>
}

/** The target, none, or why a person has to choose one. */
export type Ensured<A> = { readonly _tag: "Target"; readonly target: A } | Exclude<Choice<A>, { readonly _tag: "One" }>

const found = <A>(target: A) => ({ _tag: "Target", target }) as const

/** Finds what a create made whose response was lost. Fails while that is not certain. */
const afterLostResponse = Effect.fnUntraced(function* <A extends { readonly id: number }, K extends Owner>(
  { findCreated, name, records }: Kind<A, K>,
  { sentAgo, sentAs, sentAt }: TargetRow & { readonly sentAt: DateTime.Utc },
  own: TargetLease<K>
) {
  const ago = Duration.seconds(Math.max(sentAgo ?? 0, 0))
  const wait = (until: Duration.Duration) => Duration.subtract(until, ago)
  if (Duration.isLessThan(ago, Timing.sendMargin)) {
    return yield* notYet(
      `The response to the creation of the user's ${name} was lost; a lookup follows in a minute`,
      wait(Timing.sendMargin)
    )
  }
  const created = yield* findCreated({
    at: sentAt,
    since: DateTime.subtractDuration(sentAt, Timing.clockSlack),
    as: sentAs
  })
  if (created !== undefined) return found(created)
  if (Duration.isLessThan(ago, Timing.certainDelay)) {
    return yield* notYet(
      `Pipedrive does not show the user's ${name} yet, whose creation was not confirmed`,
      wait(Timing.certainDelay)
    )
  }
  yield* storing(records.clear(own))
  return yield* notYet(`The user's ${name} was not created; it is created next`, Duration.seconds(1))
})

const create = <A extends { readonly id: number }, K extends Owner>(
  { name, records }: Pick<Kind<A, K>, "name" | "records">,
  creating: Create<A>,
  own: TargetLease<K>
) =>
  Effect.uninterruptible(
    Effect.gen(function* () {
      const begin = (as: string) =>
        Effect.catch(records.beginSend(own, { as, margin: Timing.sendMargin }), () => Effect.succeed(false))
      const made = yield* creating(begin).pipe(
        Effect.tapError((error) =>
          error.reason._tag === "SinkOutcomeUnknown" ? Effect.void : storing(records.clear(own))
        )
      )
      // A process that slept meanwhile may find another target on record: the recorded one stays, and its own is deleted.
      return { made, id: yield* storing(records.record(own.key, made.id, remoteIdOf(name, made.id))) }
    })
  )

/** The target of the owner. `known` makes a target of an id on record, when nothing else is known of it. */
export const ensure = Effect.fnUntraced(function* <A extends { readonly id: number }, K extends Owner = UserKey>(
  key: K,
  kind: Kind<A, K>,
  known: (id: number) => A
): Effect.fn.Return<Ensured<A>, SinkError> {
  const { name, records } = kind
  const row = yield* storing(records.claim(key, lease))
  if (row.id !== null) return found(known(row.id))
  if (!row.leased) {
    return yield* notYet(`Another process is finding or creating the user's ${name}`, Duration.seconds(30))
  }
  const own = { key, epoch: row.epoch }
  const release = Effect.ignore(records.release(own))
  const findOrCreate = Effect.gen(function* () {
    const { sentAt } = row
    if (sentAt !== null) return yield* afterLostResponse(kind, { ...row, sentAt }, own)
    const choice = yield* kind.find
    if (choice._tag === "One") return found(choice.target)
    if (choice._tag === "Several") return choice
    const creating = yield* kind.create
    if (creating === undefined) return choice
    const { id, made } = yield* create(kind, creating, own)
    return found(id === made.id ? made : known(id))
  })
  const ensured = yield* Effect.onError(findOrCreate, () => release)
  if (ensured._tag !== "Target") return yield* Effect.as(release, ensured)
  const id = yield* storing(records.record(key, ensured.target.id))
  return id === ensured.target.id ? ensured : found(known(id))
})

/** Names a user's target among the remote ids of duplicates, which are activities otherwise. */
const remoteIdOf = (name: Name, id: number): string => `${name}:${id}`

/** Why a person named for a user cannot be used. 1 token. */
export const personFaults = (
  { person }: Pick<Pipedrive["Service"], "person">,
  id: number | undefined
): Effect.Effect<ReadonlyArray<string>, PipedriveError> =>
  id === undefined
    ? Effect.succeed([])
    : Effect.map(person(id), (found) =>
        Option.isNone(found) ? [`Pipedrive's person ${id} is deleted, or hidden from the token's user`] : []
      )

type Deletions = Pick<
  Pipedrive["Service"],
  "deleteActivity" | "deleteDeal" | "deleteLead" | "deleteOrganization" | "deletePerson"
>

/**
 * Deletes a duplicate: a lead by its UUID, anything else by its kind and number (`deal:12`). Hazard: earlier versions noted a
 * number alone, and did not say of what. Activities were the default, and a deal may be a person's. Another kind stays.
 */
export const deleteItem = (pipedrive: Deletions, duplicateId: string): Effect.Effect<void, PipedriveError> => {
  if (isUuid(duplicateId)) return pipedrive.deleteLead(duplicateId)
  const [kind, id] = duplicateId.includes(":") ? duplicateId.split(":") : ["activity", duplicateId]
  const deletions = new Map([
    ["activity", pipedrive.deleteActivity],
    ["deal", pipedrive.deleteDeal],
    ["organization", pipedrive.deleteOrganization],
    ["person", pipedrive.deletePerson]
  ])
  return deletions.get(kind ?? "")?.(Number(id)) ?? Effect.void
}
