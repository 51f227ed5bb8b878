/**
 * One deal for each file, with the content as its note (`GITPIP_PUBLISH_AS=deal`, fileItem.ts).
 *
 * The deal names the user's person, and the organization of the company.
 *
 * Guarantees: one deal is created for a file.
 */
import { Cache, Duration, Effect, Exit, Layer, Option } from "effect"
import { dealPrice, type Recipient, Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"
import { faultsOfChosen } from "./chosen.ts"
import * as ContactPlan from "./contactPlan.ts"
import * as Contacts from "./contacts.ts"
import { PipedriveError, whenRefused } from "./errors.ts"
import * as FileItem from "./fileItem.ts"
import { Pipedrive } from "./Pipedrive.ts"
import * as Placing from "./Placing.ts"
import * as SentItems from "./sentItems.ts"
import { failing, sinking } from "./sinkErrors.ts"
import type { ContactFields } from "./userContacts.ts"
import * as UserContacts from "./userContacts.ts"

/** How long a user's person and organization are taken from memory. */
const memory = Duration.hours(1)

/** What decides who a user is in Pipedrive. */
const recipientOf = ({ chosenPerson, profile, userKey, username }: Recipient): Recipient => ({
  userKey,
  username,
  profile,
  chosenPerson
})

export const layer: Layer.Layer<Sink, never, Pipedrive | Store | Settings> = Layer.effect(
  Sink,
  Effect.gen(function* () {
    const pipedrive = yield* Pipedrive
    const { targets } = yield* Store
    const settings = yield* Settings
    const placing = yield* Placing.make(pipedrive, settings)
    const price = dealPrice(settings)
    const own = yield* UserContacts.ofSettings({
      pipedrive,
      placing,
      settings,
      targets,
      worth: { waiting: targets.persons.waiting, searchesCost: price.searches?.person ?? 0 }
    })
    const known = yield* Cache.makeWith((recipient: Recipient) => own.contacts.ensure(recipient), {
      capacity: 10_000,
      timeToLive: (exit) => (Exit.isSuccess(exit) ? memory : Duration.zero)
    })
    const contacts = Contacts.make(pipedrive, settings.person)
    const notes = FileItem.notes(pipedrive, "deal")

    return Sink.of({
      limitKey: pipedrive.limitKey,
      off: Option.none(),
      prepare: Effect.asVoid(placing.current),
      fault: placing.fault,
      faultsOf: faultsOfChosen(pipedrive),
      ...(contacts === undefined ? {} : { contacts }),
      // The lookups of a new user's person and organization come before the file is sent.
      target: (recipient) => Effect.as(Cache.get(known, recipientOf(recipient)), ""),
      contact: ContactPlan.ofNewDeals(own),
      forget: () => Effect.void,
      create: Effect.fn("DealSink.create")(function* ({ begin, content, delivery }) {
        const placement = yield* placing.current
        const deal = { title: FileItem.titleOf(delivery), ...placement.deal }
        const recipient = recipientOf(delivery)
        const contact = yield* Cache.get(known, recipient)
        const send = (named: ContactFields) => pipedrive.createDeal({ ...deal, ...named }, begin)
        const { made } = yield* own.contacts.create(recipient, contact, send).pipe(
          // The next file searches for both again.
          Effect.tap((created) => (created.contact === contact ? Effect.void : Cache.invalidate(known, recipient))),
          whenRefused((reason) =>
            Effect.andThen(placing.recheck(placement), Effect.fail(new PipedriveError({ reason })))
          ),
          Effect.catchTag("PipedriveError", failing)
        )
        return yield* notes.add(SentItems.dealOf(String(made.id)), delivery, content)
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
