/** Publishes each file as an activity on the deal that bears the user's name: the default. */
import { Effect, Layer, Option } from "effect"
import { activityPrice, Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"
import { faultsOfChosen } from "./chosen.ts"
import * as ContactPlan from "./contactPlan.ts"
import * as Contacts from "./contacts.ts"
import * as CreateActivity from "./createActivity.ts"
import { Pipedrive } from "./Pipedrive.ts"
import * as Placing from "./Placing.ts"
import * as SentItems from "./sentItems.ts"
import { sinking } from "./sinkErrors.ts"
import * as TimeZone from "./timeZone.ts"
import * as UserContacts from "./userContacts.ts"
import * as UserDeals from "./userDeals.ts"

export const layer: Layer.Layer<Sink, never, Pipedrive | Store | Settings> = Layer.effect(
  Sink,
  Effect.gen(function* () {
    const pipedrive = yield* Pipedrive
    const { targets } = yield* Store
    const settings = yield* Settings
    const timeZone = yield* TimeZone.make(pipedrive, settings.activity)
    const placing = yield* Placing.make(pipedrive, settings)
    const price = activityPrice(settings)
    const own = yield* UserContacts.ofSettings({
      pipedrive,
      placing,
      settings,
      targets,
      // A person is searched for when the user has no deal yet.
      worth: { waiting: targets.deals.waiting, searchesCost: price.searches?.person ?? 0 }
    })
    const userDeals = yield* UserDeals.make({
      ...own,
      pipedrive,
      placing,
      records: targets.deals,
      searchesCost: price.searches?.deal ?? 0,
      settings: settings.deal
    })

    const contacts = Contacts.make(pipedrive, settings.person)

    return Sink.of({
      limitKey: pipedrive.limitKey,
      off: Option.none(),
      prepare: Effect.asVoid(placing.current),
      fault: placing.fault,
      faultsOf: faultsOfChosen(pipedrive),
      ...(contacts === undefined ? {} : { contacts }),
      target: (recipient) => Effect.map(userDeals.target(recipient), String),
      contact: ContactPlan.ofUserDeals({ ...own, pipedrive, placing, settings, targets }),
      forget: (recipient, target) => userDeals.forget(recipient, Number(target)),
      create: CreateActivity.make({
        ...own,
        pipedrive,
        placing,
        settings: settings.activity,
        timeZone,
        userDeals
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
