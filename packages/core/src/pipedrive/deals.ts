/** The deal that bears a user's name: adopted from a person, or created once (targets.ts), with the user's contact. */
import { type DateTime, Effect } from "effect"
import { dealTitle, isTitleFor } from "../domain/DealTitle.ts"
import type { Recipient, SinkError } from "../publish/Sink.ts"
import type { DealSettings } from "../Settings.ts"
import type { Targets as Records } from "../store/Targets.ts"
import { isOpen, severalDeals } from "./chooseDeal.ts"
import { PipedriveError, whenRefused } from "./errors.ts"
import type { FindDeals } from "./findDeals.ts"
import { newestSince } from "./newest.ts"
import * as OwnDeals from "./ownDeals.ts"
import type { FoundDeal, Pipedrive, StoredDeal } from "./Pipedrive.ts"
import type { Placing } from "./Placing.ts"
import type { Persons } from "./persons.ts"
import type { LoginHits } from "./searchLogin.ts"
import { failing } from "./sinkErrors.ts"
import * as Targets from "./targets.ts"
import type { Contact, ContactFields, Contacts } from "./userContacts.ts"

/** A user's deal. The owner, the person and the organization are missing when no answer had them. */
export interface OwnDeal {
  readonly id: number
  readonly ownerId?: number | undefined
  readonly personId?: number | undefined
  readonly organizationId?: number | undefined
}

/** A search answers the ids within things of their own. */
const storedDeal = ({ id, organization, org_id, owner, owner_id, person, person_id }: FoundDeal): OwnDeal => ({
  id,
  ownerId: owner?.id ?? owner_id ?? undefined,
  personId: person?.id ?? person_id ?? undefined,
  organizationId: organization?.id ?? org_id ?? undefined
})

interface Parts {
  readonly pipedrive: Pipedrive["Service"]
  readonly records: Records
  readonly settings: DealSettings
  readonly placing: Placing
  readonly contacts: Contacts
  readonly persons: Persons
  readonly findDeals: FindDeals
}

/** Finds or creates the deals of users. */
export const make = (parts: Parts) => {
  const { contacts, findDeals, persons, pipedrive, placing, records } = parts
  const { title: template } = parts.settings

  const chooseOwn = OwnDeals.make({ pipedrive, placing, forget: findDeals.forget })

  const adopt = Effect.fnUntraced(function* (
    recipient: Recipient,
    hits: LoginHits
  ): Effect.fn.Return<Targets.Choice<OwnDeal>, SinkError> {
    const { profile, username: login } = recipient
    const choice = yield* chooseOwn({ login, title: dealTitle(template, { login, ...profile }) }, hits)
    switch (choice._tag) {
      case "None":
        return choice
      case "Several":
        return { _tag: "Several", message: severalDeals(login, choice.deals) }
      case "One": {
        const target = storedDeal(choice.deal)
        yield* persons.note(recipient, target.personId)
        return { _tag: "One", target }
      }
    }
  })

  const create = Effect.fnUntraced(function* (
    recipient: Recipient,
    contact: Contact,
    begin: (as: string) => Effect.Effect<boolean>
  ): Effect.fn.Return<OwnDeal, SinkError> {
    const { profile, username: login } = recipient
    const placement = yield* placing.current
    const { deal, dealField } = placement
    const title = dealTitle(template, { login, ...profile })
    const fields = { title, ...deal, ...(dealField === undefined ? {} : { custom_fields: { [dealField]: login } }) }
    const send = (named: ContactFields) => pipedrive.createDeal({ ...fields, ...named }, begin(title))
    return yield* contacts.create(recipient, contact, send).pipe(
      Effect.map(({ contact, made }): OwnDeal => ({ ...made, ...contact })),
      whenRefused((reason) => Effect.andThen(placing.recheck(placement), Effect.fail(new PipedriveError({ reason })))),
      Effect.catchTag("PipedriveError", failing)
    )
  })

  const findCreated = Effect.fnUntraced(function* ({ as, since }: Targets.Sent, login: string) {
    const isOwn = (title: string) => (as === null ? isTitleFor(template, login, title) : title === as)
    const created = yield* addedSince(pipedrive, since, isOwn)
    // Older deals of the title were there before the create: the search would have found an open one.
    const deal = created.findLast(isOpen)
    return deal === undefined ? undefined : storedDeal(deal)
  })

  return Effect.fn("ensureDeal")(function* (
    recipient: Recipient
  ): Effect.fn.Return<Targets.Ensured<OwnDeal>, SinkError> {
    const { profile, username: login } = recipient
    /** Persons who may have the login in a field, as the search for the deal has shown. */
    let persons: LoginHits["persons"]
    const find = Effect.gen(function* () {
      const title = dealTitle(template, { login, ...profile })
      const hits = yield* findDeals.find(recipient.userKey, { login, title })
      persons = hits.persons
      return yield* adopt(recipient, hits)
    })
    const kind: Targets.Kind<OwnDeal> = {
      records,
      name: "deal",
      findCreated: (sent) => findCreated(sent, login),
      find,
      create: Effect.map(
        Effect.suspend(() => contacts.ensure(recipient, persons)),
        (contact): Targets.Create<OwnDeal> =>
          (begin) =>
            create(recipient, contact, begin)
      )
    }
    return yield* Targets.ensure(recipient.userKey, kind, (id) => ({ id }))
  })
}

/** The deals of such a title that were added since then, oldest first. */
export const addedSince = (
  pipedrive: Pipedrive["Service"],
  since: DateTime.Utc,
  isWanted: (title: string) => boolean
): Effect.Effect<ReadonlyArray<StoredDeal>, SinkError> =>
  newestSince(pipedrive.newestDeals, { since, isWanted: (deal) => isWanted(deal.title) })
