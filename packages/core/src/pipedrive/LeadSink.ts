/**
 * One lead of the user's person for each file, with the content as its note (`GITPIP_PUBLISH_AS=lead`, fileItem.ts).
 *
 * Guarantees: one lead is created for a file. A lookup finds it also when a person has archived it, given it another title, or
 * converted it to a deal. A deal that came out of a lead is never deleted.
 */
import { DateTime, Effect, Layer, Option } from "effect"
import * as Timing from "../domain/Timing.ts"
import { type Delivery, leadPrice, Sink, SinkError, TargetGone } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"
import * as Contacts from "./contacts.ts"
import { addedSince } from "./deals.ts"
import { PipedriveError, Refused, whenRefused } from "./errors.ts"
import * as FileItem from "./fileItem.ts"
import { newestSince } from "./newest.ts"
import { Pipedrive, type StoredLead } from "./Pipedrive.ts"
import * as Placing from "./Placing.ts"
import * as Persons from "./persons.ts"
import { failing, sinking } from "./sinkErrors.ts"
import { deleteItem, personFaults } from "./targets.ts"
import * as UserContacts from "./userContacts.ts"
import * as UserPersons from "./userPersons.ts"

/** The target of a user's leads, and the person whom it names. */
const targetOf = (person: number): string => `person:${person}`
const personOf = (target: string): number => Number(target.slice("person:".length))

/** Unlike the title, no person can edit this. */
const originOf = (delivery: Delivery): string => `gitpip-${FileItem.markOf(delivery)}`

/** A converted lead is a deal, by its number behind `deal:`. */
const ofDeal = (id: number): string => `deal:${id}`
const itemOf = (remoteId: string): FileItem.Bare => {
  const [kind, id] = remoteId.split(":")
  return { remoteId, parent: kind === "deal" ? { deal_id: Number(id) } : { lead_id: remoteId } }
}

export const layer: Layer.Layer<Sink, never, Pipedrive | Store | Settings> = Layer.effect(
  Sink,
  Effect.gen(function* () {
    const pipedrive = yield* Pipedrive
    const { targets } = yield* Store
    const settings = yield* Settings
    const placing = yield* Placing.make(pipedrive, settings)
    const own = yield* UserContacts.ofSettings({ pipedrive, placing, settings, targets })
    const persons = yield* UserPersons.make(own.persons)
    const notes = FileItem.notes(pipedrive, "lead")

    const contacts = Contacts.make(pipedrive, settings.person)

    return Sink.of({
      limitKey: pipedrive.limitKey,
      off: Option.none(),
      prepare: Effect.asVoid(placing.current),
      fault: placing.fault,
      ...(contacts === undefined ? {} : { contacts }),
      faultsOf: ({ person }) => sinking(personFaults(pipedrive, person)),
      target: (recipient) => Effect.map(persons.of(recipient), targetOf),
      forget: (recipient, target) => persons.forget(recipient, personOf(target)),
      create: Effect.fn("LeadSink.create")(function* ({ begin, content, delivery, target }) {
        const placement = yield* placing.current
        const lead = {
          title: FileItem.titleOf(delivery),
          person_id: personOf(target),
          origin_id: originOf(delivery),
          ...placement.lead
        }
        const remoteId = yield* pipedrive.createLead(lead, begin).pipe(
          whenRefused((reason) =>
            Persons.mayBePerson(reason)
              ? Effect.fail(new SinkError({ reason: new TargetGone({ message: reason.message }) }))
              : Effect.andThen(placing.recheck(placement), Effect.fail(new PipedriveError({ reason })))
          ),
          Effect.catchTag("PipedriveError", failing)
        )
        return yield* notes.add(itemOf(remoteId), delivery, content)
      }),
      find: findLeads(pipedrive),
      finish: Effect.fn("LeadSink.finish")((remoteId, delivery, content) =>
        notes.complete(itemOf(remoteId), delivery, content)
      ),
      deleteDuplicate: (remoteId) => sinking(deleteItem(pipedrive, remoteId, () => Effect.fail(ofAnotherForm))),
      price: leadPrice(settings),
      probe: Effect.asVoid(sinking(pipedrive.me)),
      budget: pipedrive.budget,
      concurrency: pipedrive.concurrency,
      block: pipedrive.block
    })
  })
)

/** A number alone is an activity or a deal: nobody knows which. */
const ofAnotherForm = new PipedriveError({
  reason: new Refused({
    status: 400,
    message: "The duplicate is no lead. It is deleted under the GITPIP_PUBLISH_AS that it was published with"
  })
})

/** The leads of a file bear its mark. Without any, it is a deal of that title: a person has converted the lead. */
const findLeads = (pipedrive: Pipedrive["Service"]) =>
  Effect.fn("LeadSink.find")(function* (_target: string, delivery: Delivery, since: DateTime.Utc) {
    const oldest = DateTime.subtractDuration(since, Timing.clockSlack)
    const [title, origin] = [FileItem.titleOf(delivery), originOf(delivery)]
    const wanted = {
      since: oldest,
      isWanted: (lead: StoredLead) => lead.origin_id === origin || lead.title === title
    }
    const present = yield* newestSince((cursor) => pipedrive.newestLeads(oldest, cursor), wanted)
    const archived = yield* newestSince(pipedrive.archivedLeads, wanted)
    const leads = [...archived, ...present].map(({ id }) => id)
    if (leads.length > 0) return [...new Set(leads)]
    const converted = yield* addedSince(pipedrive, oldest, (own) => own === title)
    return converted.slice(0, 1).map(({ id }) => ofDeal(id))
  })
