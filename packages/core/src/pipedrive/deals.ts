/** The deal that bears a user's name: adopted from a person, or created once (targets.ts), with the user's person. */
import { type DateTime, Effect, Option } from "effect"
import { dealTitle, isTitleFor } from "../domain/DealTitle.ts"
import type { Recipient, SinkError } from "../publish/Sink.ts"
import type { DealSettings } from "../Settings.ts"
import type { Targets as Records } from "../store/Targets.ts"
import { chooseDeal, severalDeals, whyUnusable } from "./chooseDeal.ts"
import { PipedriveError, whenRefused } from "./errors.ts"
import type { FindDeals } from "./findDeals.ts"
import { newestSince } from "./newest.ts"
import type { NewDeal, Pipedrive, StoredDeal } from "./Pipedrive.ts"
import type { Placing } from "./Placing.ts"
import { mayBePerson, type Persons } from "./persons.ts"
import { failing } from "./sinkErrors.ts"
import * as Targets from "./targets.ts"

/** A user's deal. The owner and the person are missing when no answer had them. */
export interface OwnDeal {
  readonly id: number
  readonly ownerId?: number | undefined
  readonly personId?: number | undefined
}

interface Parts {
  readonly pipedrive: Pipedrive["Service"]
  readonly records: Records
  readonly settings: DealSettings
  readonly placing: Placing
  readonly persons: Persons
  readonly findDeals: FindDeals
}

/** Finds or creates the deals of users. */
export const make = (parts: Parts) => {
  const { findDeals, persons, pipedrive, placing, records } = parts
  const { title: template } = parts.settings

  const adopt = Effect.fnUntraced(function* (
    recipient: Recipient
  ): Effect.fn.Return<Targets.Choice<OwnDeal>, SinkError> {
    const { profile, username: login } = recipient
    const { stages } = yield* placing.current
    const source = yield* findDeals.source
    const [own, ...twins] = yield* source.holding(login)
    if (own !== undefined) {
      if (twins.length > 0) return { _tag: "Several", message: severalDeals(login, [own, ...twins]) }
      const target = { id: own.id, ownerId: own.owner_id ?? undefined, personId: own.person_id ?? undefined }
      yield* persons.note(recipient, target.personId)
      return { _tag: "One", target }
    }
    const title = dealTitle(template, { login, ...profile })
    const choice = chooseDeal(yield* source.titled({ login, title }), { login, title, stages })
    switch (choice._tag) {
      case "None":
        return choice
      case "Several":
        return { _tag: "Several", message: severalDeals(login, choice.deals) }
      case "One": {
        const { id, owner, person } = choice.deal
        const target = { id, ownerId: owner?.id ?? undefined, personId: person?.id ?? undefined }
        yield* persons.note(recipient, target.personId)
        return { _tag: "One", target }
      }
    }
  })

  const create = Effect.fnUntraced(function* (
    recipient: Recipient,
    personId: number | undefined,
    begin: (as: string) => Effect.Effect<boolean>
  ): Effect.fn.Return<OwnDeal, SinkError> {
    const { profile, username: login } = recipient
    const placement = yield* placing.current
    const { deal, dealField } = placement
    const title = dealTitle(template, { login, ...profile })
    const send = (body: NewDeal) =>
      Effect.map(pipedrive.createDeal(body, begin(title)), (made): OwnDeal => ({ ...made, personId: body.person_id }))
    const alone = { title, ...deal, ...(dealField === undefined ? {} : { custom_fields: { [dealField]: login } }) }
    const made = personId === undefined ? send(alone) : send({ ...alone, person_id: personId })
    return yield* made.pipe(
      // A person may be deleted since, or hidden from the token's user.
      whenRefused((reason) =>
        personId !== undefined && mayBePerson(reason)
          ? Effect.andThen(persons.forget(recipient, personId), send(alone))
          : Effect.fail(new PipedriveError({ reason }))
      ),
      whenRefused((reason) => Effect.andThen(placing.recheck(placement), Effect.fail(new PipedriveError({ reason })))),
      Effect.catchTag("PipedriveError", failing)
    )
  })

  const findCreated = Effect.fnUntraced(function* ({ as, since }: Targets.Sent, login: string) {
    const isOwn = (title: string) => (as === null ? isTitleFor(template, login, title) : title === as)
    const created = yield* addedSince(pipedrive, since, isOwn)
    const deal = created.find((deal) => whyUnusable(Option.some(deal)) === undefined)
    if (deal === undefined) return undefined
    return { id: deal.id, ownerId: deal.owner_id ?? undefined, personId: deal.person_id ?? undefined } as OwnDeal
  })

  return Effect.fn("ensureDeal")(function* (
    recipient: Recipient
  ): Effect.fn.Return<Targets.Ensured<OwnDeal>, SinkError> {
    const kind: Targets.Kind<OwnDeal> = {
      records,
      name: "deal",
      findCreated: (sent) => findCreated(sent, recipient.username),
      find: adopt(recipient),
      create: Effect.map(
        persons.ensure(recipient),
        (personId): Targets.Create<OwnDeal> =>
          (begin) =>
            create(recipient, personId, begin)
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
