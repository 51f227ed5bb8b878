/** The organization in Pipedrive that a user's company is: found, or created once for all users of the company (targets.ts). */
import { Cache, Duration, Effect, Equal, Hash } from "effect"
import { companyKey, companyOf, namesakesOf, plainName, severalOrganizations } from "../domain/company.ts"
import { ItemRefused, type PlannedContact, type Recipient, SinkError } from "../publish/Sink.ts"
import type { OrganizationSettings } from "../Settings.ts"
import type { OwnedTargets } from "../store/Targets.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { isCap, type Refusal } from "./errors.ts"
import { newestSince } from "./newest.ts"
import type { Pipedrive } from "./Pipedrive.ts"
import { sinking, storing } from "./sinkErrors.ts"
import * as Targets from "./targets.ts"

interface Parts {
  readonly pipedrive: Pipedrive["Service"]
  readonly records: OwnedTargets<string>
  readonly settings: OrganizationSettings
}

/** Whether a refusal can be about the organization. Pipedrive does not document its messages. */
export const mayBeOrganization = (refusal: Refusal): boolean =>
  !isCap(refusal) && /organi[sz]ation|\borg(?:_id)?\b/i.test(refusal.message)

const capacity = 10_000

/** A company, by its name as a user writes it. Equal to the company as another user writes it. */
class Company implements Equal.Equal {
  readonly name: string
  readonly key: string
  constructor(name: string) {
    this.name = name
    this.key = companyKey(name)
  }
  [Hash.symbol](): number {
    return Hash.string(this.key)
  }
  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof Company && that.key === this.key
  }
}

export const make = Effect.fnUntraced(function* ({ pipedrive, records, settings: { mode } }: Parts) {
  /** Organizations that Pipedrive refused on a deal, a person or an activity, such as deleted ones. */
  const refused = new Set<number>()

  const find = Effect.fnUntraced(function* (
    name: string
  ): Effect.fn.Return<Targets.Choice<{ readonly id: number }>, SinkError> {
    const [own, ...namesakes] = namesakesOf(name, yield* sinking(pipedrive.searchOrganizations(name)))
    if (own === undefined) return { _tag: "None" }
    if (namesakes.length > 0) return { _tag: "Several", message: severalOrganizations(name, [own, ...namesakes]) }
    return { _tag: "One", target: { id: own.id } }
  })

  const findCreated = Effect.fnUntraced(function* (name: string, since: Targets.Sent["since"]) {
    const isWanted = (one: {
      readonly name?: string | null | undefined
      readonly is_deleted?: boolean | null | undefined
    }) => one.is_deleted !== true && plainName(one.name ?? "") === plainName(name)
    const [created] = yield* newestSince(pipedrive.newestOrganizations, { since, isWanted })
    return created === undefined ? undefined : { id: created.id }
  })

  const findOrCreate = Effect.fn("ensureOrganization")(function* ({ key, name }: Company) {
    const kind: Targets.Kind<{ readonly id: number }, string> = {
      records,
      name: "organization",
      findCreated: ({ since }) => findCreated(name, since),
      find: find(name),
      create: Effect.succeed(
        mode === "create"
          ? // The row is that of the name, so the name itself is not stored.
            (begin) => Effect.map(sinking(pipedrive.createOrganization({ name }, begin(key))), (id) => ({ id }))
          : undefined
      )
    }
    const ensured = yield* Targets.ensure(key, kind, (id) => ({ id }))
    if (ensured._tag === "Several")
      return yield* new SinkError({ reason: new ItemRefused({ message: ensured.message }) })
    return ensured._tag === "Target" ? ensured.target.id : undefined
  })

  /** Users of one company whose deals are found or created side by side share one search for the organization. */
  const underWay = yield* Cache.makeWith(findOrCreate, { capacity, timeToLive: () => Duration.zero })

  /** A deal is worth more than its organization, as with its person (persons.ts). */
  const leftOut =
    ({ username }: Recipient) =>
    ({ message }: { readonly message: string }) =>
      Effect.as(Telemetry.log("Warn", "organization.left_out", { user: username, detail: message }), undefined)

  return {
    /** The organization of the user's company, found or created. `undefined`: there is none, or it cannot be used. */
    ensure: (recipient: Recipient): Effect.Effect<number | undefined, SinkError> => {
      const name = companyOf(recipient.profile?.company)
      if (mode === "off" || name === undefined) return Effect.succeed(undefined)
      return Cache.get(underWay, new Company(name)).pipe(
        Effect.catchReasons("SinkError", {
          ItemRefused: leftOut(recipient),
          TargetGone: leftOut(recipient),
          Forbidden: (reason): Effect.Effect<undefined, SinkError> =>
            reason.scope === "thing" ? leftOut(recipient)(reason) : Effect.fail(new SinkError({ reason }))
        })
      )
    },
    /** What `ensure` would answer, for a dry run. */
    plan: Effect.fnUntraced(function* (
      recipient: Recipient
    ): Effect.fn.Return<Pick<PlannedContact, "organization" | "message">, SinkError> {
      const name = companyOf(recipient.profile?.company)
      if (mode === "off" || name === undefined) return { organization: null, message: null }
      const known = yield* storing(records.known(companyKey(name)))
      if (known !== null) return { organization: { id: known, name }, message: null }
      const choice = yield* find(name)
      if (choice._tag === "Several") return { organization: null, message: choice.message }
      const id = choice._tag === "One" ? choice.target.id : null
      return { organization: id === null && mode === "link" ? null : { id, name }, message: null }
    }),
    /** Whether activities name organizations. */
    isOn: mode !== "off",
    /** Whether Pipedrive refused this organization. */
    isRefused: (id: number): boolean => refused.has(id),
    /** Forgets an organization that Pipedrive refused. Never fails, since an item may have been created without it. */
    forget: ({ profile }: Recipient, id: number): Effect.Effect<void> => {
      const name = companyOf(profile?.company)
      return Effect.andThen(
        Effect.sync(() => refused.add(id)),
        name === undefined ? Effect.void : Effect.ignore(records.forget(companyKey(name), id))
      )
    }
  }
})

export type Organizations = Effect.Success<ReturnType<typeof make>>
