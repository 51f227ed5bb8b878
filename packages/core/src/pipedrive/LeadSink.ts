/**
 * One lead of the user's person for each file, with the content as its note (`GITPIP_PUBLISH_AS=lead`, fileItem.ts).
 *
 * The lead names the organization of the company as well.
 *
 * Guarantees: one lead is created for a file. A lookup finds it also when a person has archived it, given it another title, or
 * converted it to a deal. A deal that came out of a lead is never deleted.
 */
import { Effect, Layer, Option } from "effect"
import { leadPrice, Sink, SinkError, TargetGone } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"
import * as ContactPlan from "./contactPlan.ts"
import * as Contacts from "./contacts.ts"
import { PipedriveError, type Refusal, whenRefused } from "./errors.ts"
import * as FileItem from "./fileItem.ts"
import type { NewLead } from "./leadCalls.ts"
import * as LeadContacts from "./leadContacts.ts"
import { Pipedrive } from "./Pipedrive.ts"
import * as Placing from "./Placing.ts"
import * as Persons from "./persons.ts"
import * as SentItems from "./sentItems.ts"
import { failing, sinking } from "./sinkErrors.ts"
import { personFaults } from "./targets.ts"
import * as UserContacts from "./userContacts.ts"

export const layer: Layer.Layer<Sink, never, Pipedrive | Store | Settings> = Layer.effect(
  Sink,
  Effect.gen(function* () {
    const pipedrive = yield* Pipedrive
    const { targets } = yield* Store
    const settings = yield* Settings
    const placing = yield* Placing.make(pipedrive, settings)
    const price = leadPrice(settings)
    const own = yield* UserContacts.ofSettings({
      pipedrive,
      placing,
      settings,
      targets,
      worth: { waiting: targets.persons.waiting, searchesCost: price.searches?.person ?? 0 }
    })
    const named = yield* LeadContacts.make({ ...own, settings: settings.person })
    const notes = FileItem.notes(pipedrive, "lead")

    const contacts = Contacts.make(pipedrive, settings.person)

    /** Whether Pipedrive refuses a lead for a person who is not there any more. 1 token when its message may say so. */
    const isPersonGone = (reason: Refusal, id: number): Effect.Effect<boolean> =>
      Persons.mayBePerson(reason)
        ? Effect.map(Effect.option(pipedrive.person(id)), Option.exists(Option.isNone))
        : Effect.succeed(false)

    return Sink.of({
      limitKey: pipedrive.limitKey,
      off: Option.none(),
      prepare: Effect.asVoid(placing.current),
      fault: placing.fault,
      ...(contacts === undefined ? {} : { contacts }),
      faultsOf: ({ person }) => sinking(personFaults(pipedrive, person)),
      target: (recipient) => Effect.map(named.prepare(recipient), SentItems.targetOfLeads),
      contact: ContactPlan.ofLeads(own),
      forget: (recipient, target) => named.forget(recipient, SentItems.personOfLeads(target)),
      create: Effect.fn("LeadSink.create")(function* ({ begin, content, delivery, target }) {
        const placement = yield* placing.current
        const lead = {
          title: FileItem.titleOf(delivery),
          person_id: SentItems.personOfLeads(target),
          origin_id: SentItems.originOf(delivery),
          ...placement.lead
        }
        const organization = yield* named.organizationOf(delivery)
        const send = (field: Pick<NewLead, "organization_id">) => pipedrive.createLead({ ...lead, ...field }, begin)
        const remoteId = yield* named.create(delivery, organization, send).pipe(
          whenRefused(
            Effect.fnUntraced(function* (reason) {
              if (yield* isPersonGone(reason, lead.person_id))
                return yield* new SinkError({ reason: new TargetGone({ message: reason.message }) })
              yield* placing.recheck(placement)
              return yield* new PipedriveError({ reason })
            })
          ),
          Effect.catchTag("PipedriveError", failing)
        )
        return yield* notes.add(SentItems.leadOf(remoteId), delivery, content)
      }),
      ...SentItems.make(pipedrive),
      price,
      probe: Effect.asVoid(sinking(pipedrive.me)),
      budget: pipedrive.budget,
      concurrency: pipedrive.concurrency,
      block: pipedrive.block
    })
  })
)
