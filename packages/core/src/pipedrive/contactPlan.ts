/** Whom a user's first file would name, for a dry run: found as publishing finds them, and nothing is created or stored. */
import { Effect, Option } from "effect"
import { dealTitle } from "../domain/DealTitle.ts"
import type { PlannedContact, PlannedItem, Recipient, SinkError } from "../publish/Sink.ts"
import type { Settings } from "../Settings.ts"
import type { Store } from "../store/Store.ts"
import { severalDeals } from "./chooseDeal.ts"
import { noPersonOfLeads } from "./choosePerson.ts"
import * as OwnDeals from "./ownDeals.ts"
import type { Pipedrive } from "./Pipedrive.ts"
import type { Placing } from "./Placing.ts"
import type { FoundPerson } from "./personCalls.ts"
import * as SearchLogin from "./searchLogin.ts"
import { sinking, storing } from "./sinkErrors.ts"
import type { ofSettings } from "./userContacts.ts"

interface Parts extends Pick<Effect.Success<ReturnType<typeof ofSettings>>, "organizations" | "persons"> {
  readonly pipedrive: Pipedrive["Service"]
  readonly placing: Placing
  readonly settings: Pick<Settings["Service"], "deal">
  readonly targets: Pick<Store["Service"]["targets"], "deals">
}

const item = (id: number | null | undefined, name?: string | null): PlannedItem | null =>
  typeof id === "number" ? { id, name: name ?? null } : null

/** Nobody yet: the files wait until somebody does what the message says. */
const waiting = (message: string): PlannedContact => ({ person: null, organization: null, message, waits: true })

type Own = Pick<Parts, "organizations" | "persons">

/** Whom new deals name. */
export const ofNewDeals = ({ organizations, persons }: Own) =>
  Effect.fnUntraced(function* (
    recipient: Recipient,
    shown?: ReadonlyArray<FoundPerson>
  ): Effect.fn.Return<PlannedContact, SinkError> {
    const organization = yield* organizations.plan(recipient)
    return { ...organization, person: yield* persons.plan(recipient, { shown }), waits: false }
  })

/** Whom leads name, which need a person. */
export const ofLeads = ({ organizations, persons }: Own) =>
  Effect.fnUntraced(function* (recipient: Recipient): Effect.fn.Return<PlannedContact, SinkError> {
    const person = yield* persons.plan(recipient, {})
    if (person === null) return waiting(noPersonOfLeads(recipient.username))
    return { ...(yield* organizations.plan(recipient)), person, waits: false }
  })

/** Whom the activities of a user name: those of the user's deal, or of the deal that would be created. */
export const ofUserDeals = (parts: Parts) => {
  const { organizations, persons, pipedrive, placing, settings, targets } = parts
  const searchLogin = SearchLogin.make(pipedrive)
  const chooseOwn = OwnDeals.make({ pipedrive, placing })
  const ofNew = ofNewDeals(parts)

  /** Whom an existing deal names. Another person may be chosen for the user. */
  const ofDeal = Effect.fnUntraced(function* (
    recipient: Recipient,
    { organization, person }: Pick<PlannedContact, "organization" | "person">
  ): Effect.fn.Return<PlannedContact, SinkError> {
    const id = yield* persons.participant(recipient, person?.id)
    return {
      person: id === person?.id ? person : item(id),
      organization: organizations.isOn ? organization : null,
      message: null,
      waits: false
    }
  })

  return Effect.fn("planContact")(function* (recipient: Recipient): Effect.fn.Return<PlannedContact, SinkError> {
    const { profile, userKey, username: login } = recipient
    const known = yield* storing(targets.deals.known(userKey))
    if (known !== null) {
      const deal = Option.getOrUndefined(yield* sinking(pipedrive.deal(known)))
      return yield* ofDeal(recipient, { person: item(deal?.person_id), organization: item(deal?.org_id) })
    }
    const placement = yield* placing.current
    const title = dealTitle(settings.deal.title, { login, ...profile })
    const hits = yield* searchLogin({ login, title }, placement)
    const choice = yield* chooseOwn({ login, title }, hits)
    switch (choice._tag) {
      case "None":
        return yield* ofNew(recipient, hits.persons)
      case "Several":
        return waiting(severalDeals(login, choice.deals))
      case "One": {
        const { organization, org_id, person, person_id } = choice.deal
        return yield* ofDeal(recipient, {
          person: item(person?.id ?? person_id, person?.name),
          organization: item(organization?.id ?? org_id, organization?.name)
        })
      }
    }
  })
}
