/** What became of a user that is forgotten: what was erased here, and what stands in Pipedrive. */
import { Schema } from "effect"
import { field, named } from "./described.ts"
import { isUuid } from "./Text.ts"
import { Username } from "./User.ts"

/** An item that may stand in Pipedrive. */
const Unconfirmed = Schema.Struct({
  item: field(Schema.Literals(["activity", "deal", "lead", "person", "organization"]), "What the request creates"),
  about: field(Schema.String, "The file's address, or the name of the user whose deal, person or company it is")
}).pipe(named("Unconfirmed", "An item that may stand in Pipedrive"))

/** What Gitpip erased about a user, and what Gitpip knows of that stands in Pipedrive. */
export const Forgotten = Schema.Struct({
  login: field(Username, "The name that the user had"),
  files: field(Schema.Int, "How many of the user's files were erased here"),
  hashes: field(
    Schema.Int,
    "How many keyed hashes stay, so that no published file is published again when the user is tracked again"
  ),
  activities: field(Schema.Array(Schema.Int), "Pipedrive's numbers of the activities that stand there"),
  deals: field(
    Schema.Array(Schema.Int),
    "Pipedrive's numbers of the deals there that Gitpip found or created, also of earlier ones; without those that other users have, too"
  ),
  leads: field(
    Schema.Array(Schema.String),
    "Pipedrive's ids of the leads that Gitpip created there. A lead that a person has converted since is a deal there, under a number that Gitpip does not know, with the username in its title"
  ),
  persons: field(
    Schema.Array(Schema.Int),
    "Pipedrive's numbers of the persons there that Gitpip found or created for the user, also of earlier ones; without those that other users have, too"
  ),
  chosenDeals: field(
    Schema.Array(Schema.Int),
    "Pipedrive's number of the deal that a person chose for the user; none when other users have the deal, too"
  ),
  chosenPersons: field(
    Schema.Array(Schema.Int),
    "Pipedrive's number of the person whom a person chose for the user; none when other users have the person, too"
  ),
  organizations: field(
    Schema.Array(Schema.Int),
    "Pipedrive's numbers of the organizations there that Gitpip found or created for the user's company"
  ),
  unconfirmed: field(
    Schema.Array(Unconfirmed),
    "What may stand in Pipedrive: a request was sent, and its answer did not arrive"
  ),
  wasForgotten: field(
    Schema.Boolean,
    "Whether the user was forgotten before and tracked again. What was published before that is not on record any more, and may stand in Pipedrive"
  )
}).pipe(
  Schema.encodeKeys({ chosenDeals: "chosen_deals", chosenPersons: "chosen_persons", wasForgotten: "was_forgotten" }),
  named("Forgotten", "What was erased about a user, and what stands in Pipedrive")
)
/** What was erased about a user, and what stands in Pipedrive. */
export interface Forgotten extends Schema.Schema.Type<typeof Forgotten> {}

/** A file's item that is in Pipedrive, or may be. */
export interface SentFile {
  /** `null` when no answer has confirmed the item. */
  readonly remoteId: string | null
  /**
   * The deal of an activity, by its number. Empty for a file that became a deal itself (`GITPIP_PUBLISH_AS=deal`), and
   * `person:45` for one that became a lead (`GITPIP_PUBLISH_AS=lead`).
   */
  readonly target: string | null
  readonly htmlUrl: string
}

/** The user's deal or person, or the organization of the company. `isSent` without a number: its creation was not confirmed. */
export interface OwnItem {
  readonly id: number | null
  readonly isSent: boolean
}

/** The same, and whether a person chose it. */
export interface ChoosableItem extends OwnItem {
  readonly isChosen: boolean
}

/** Pipedrive's numbers of deals and persons. */
export interface DealsAndPersons {
  readonly deals: ReadonlyArray<number>
  readonly persons: ReadonlyArray<number>
}

/** What is stored about a user's items in Pipedrive. */
export interface Sent {
  readonly login: string
  readonly files: ReadonlyArray<SentFile>
  /** The deals that activities were sent to, also those that were replaced since. */
  readonly targets: ReadonlyArray<string>
  readonly deal: ChoosableItem
  readonly person: ChoosableItem
  /** Found or created by Gitpip, before a person chose others. */
  readonly replaced: DealsAndPersons
  readonly organization: OwnItem
}

/** What stands in Pipedrive, or may stand there. Ids of a program's own sink that are no numbers are left out. */
export const inPipedrive = ({
  deal,
  files,
  login,
  organization,
  person,
  replaced,
  targets
}: Sent): Omit<Forgotten, "login" | "files" | "wasForgotten"> => {
  const created = (item: "activity" | "deal" | "lead") =>
    files.flatMap((file) => (file.remoteId !== null && itemOf(file) === item ? [file.remoteId] : []))
  const ofLeads = created("lead")
  const converted = ofLeads.flatMap((remoteId) => (remoteId.startsWith("deal:") ? [remoteId.slice(5)] : []))
  const deals = numbersOf([
    ...[...numberOf(deal), ...replaced.deals].map(String),
    ...targets,
    ...created("deal"),
    ...converted
  ])
  const chosenDeals = deal.isChosen ? numberOf(deal) : []
  const chosenPersons = person.isChosen ? numberOf(person) : []
  const persons = [...new Set([...numberOf(person), ...replaced.persons])]
  return {
    activities: numbersOf(created("activity")),
    deals: deals.filter((id) => !chosenDeals.includes(id)),
    leads: ofLeads.filter(isUuid),
    persons: persons.filter((id) => !chosenPersons.includes(id)),
    chosenDeals,
    chosenPersons,
    organizations: organization.id === null ? [] : [organization.id],
    unconfirmed: [
      ...(["deal", "person", "organization"] as const).flatMap((item) => {
        const { id, isSent } = { deal, person, organization }[item]
        return id === null && isSent ? [{ item, about: login }] : []
      }),
      ...files.flatMap((file) => (file.remoteId === null ? [{ item: itemOf(file), about: file.htmlUrl } as const] : []))
    ],
    hashes: files.length
  }
}

/** Leaves out deals and persons that other users have, too: they stay when this user is forgotten. */
export const withoutShared = <A extends ReturnType<typeof inPipedrive>>(found: A, shared: DealsAndPersons): A => {
  const own = (ids: ReadonlyArray<number>, ofOthers: ReadonlyArray<number>) =>
    ids.filter((id) => !ofOthers.includes(id))
  return {
    ...found,
    deals: own(found.deals, shared.deals),
    persons: own(found.persons, shared.persons),
    chosenDeals: own(found.chosenDeals, shared.deals),
    chosenPersons: own(found.chosenPersons, shared.persons)
  }
}

const numberOf = ({ id }: OwnItem): ReadonlyArray<number> => (id === null ? [] : [id])

/** What a file became. */
const itemOf = ({ target }: SentFile): "activity" | "deal" | "lead" =>
  target === "" ? "deal" : target?.startsWith("person:") === true ? "lead" : "activity"

/** Each number once. */
const numbersOf = (ids: ReadonlyArray<string>): ReadonlyArray<number> => [
  ...new Set(ids.filter((id) => /^\d+$/.test(id)).map(Number))
]
