/**
 * Where deals, activities and leads are placed: from the names in the settings to the ids at Pipedrive. Pure.
 *
 * All faults are named at once, each with the choices that Pipedrive offers. A list that the token's user may not read is
 * missing: then an id is taken as it is, and a name is a fault.
 */
import { Equal, Option, Result } from "effect"
import { nearest } from "../domain/Text.ts"
import type { ActivitySettings, DealSettings, LeadSettings, PersonSettings, Settings } from "../Settings.ts"
import type { NewLead } from "./leadCalls.ts"
import type { DealChoices, Named, NamedField, NamedLeadLabel, NamedStage, NamedType, NamedUser } from "./lists.ts"
import { type Found, find, findByUuid, maxListed, same } from "./named.ts"
import type { NewDeal } from "./wire.ts"

/** The part of the settings that says where things are placed. */
export type Placed = Pick<Settings["Service"], "publishAs" | "activity" | "deal" | "lead" | "person">

/** What Pipedrive offers. A list is missing when no setting needs it, or when the token's user may not read it. */
export interface Lists extends Partial<DealChoices> {
  readonly pipelines?: ReadonlyArray<Named>
  readonly stages?: ReadonlyArray<NamedStage>
  readonly users?: ReadonlyArray<NamedUser>
  readonly priorities?: ReadonlyArray<Named>
  readonly types?: ReadonlyArray<NamedType>
  readonly personFields?: ReadonlyArray<NamedField>
  readonly leadLabels?: ReadonlyArray<NamedLeadLabel>
}

export interface Placement {
  /** The fields of a new deal beside its title. */
  readonly deal: Omit<NewDeal, "title">
  /** The fields of a new lead that settings name. */
  readonly lead: Pick<NewLead, "owner_id" | "label_ids" | "visible_to">
  /** The stages of the set pipeline. `undefined`: deals of every pipeline may be adopted. */
  readonly stages: ReadonlySet<number> | undefined
  /** The stages of the other pipelines. */
  readonly otherStages: ReadonlySet<number> | undefined
  /** Who owns activities. */
  readonly owner: "deal" | "me" | { readonly id: number }
  readonly priority: number | undefined
  /** The `key_string` of the activities' type. */
  readonly type: string
  /** The key of the field of persons that holds the GitHub login. */
  readonly personField: string | undefined
  /** The key of the field of deals that holds it. */
  readonly dealField: string | undefined
}

/** Whether both name the same things at Pipedrive, stages included. */
export const isSamePlacement = (one: Placement, other: Placement): boolean => Equal.equals(one, other)

/** The lists that these settings need. None for a default installation, which reads nothing at its start. */
export const needed = ({ activity, deal, lead, person, publishAs }: Placed) => {
  const asActivity = publishAs === "activity"
  if (publishAs === "lead") return { ...none, ...neededByLeads(lead), personFields: namesField(person) }
  const namesPipeline = Option.isSome(deal.pipeline)
  return {
    ...none,
    pipelines: namesPipeline,
    stages: namesPipeline || Option.isSome(deal.stage),
    users: Option.isSome(deal.owner) || (asActivity && isUser(activity.owner)),
    dealChoices: deal.labels.length > 0 || Option.isSome(deal.visibility) || (asActivity && Option.isSome(deal.field)),
    priorities: asActivity && Option.isSome(activity.priority),
    types: asActivity && !same(activity.type, defaultType),
    personFields: namesField(person)
  }
}

const none = {
  pipelines: false,
  stages: false,
  users: false,
  dealChoices: false,
  priorities: false,
  types: false,
  personFields: false,
  leadLabels: false
}

/** Leads are seen by the same groups as deals, whose fields list them. */
const neededByLeads = ({ labels, owner, visibility }: LeadSettings) => ({
  users: Option.isSome(owner),
  dealChoices: Option.isSome(visibility),
  leadLabels: labels.length > 0
})

/** Every company has this type, so that its name is not checked at the start. */
const defaultType = "task"

const namesField = ({ field, mode }: PersonSettings): boolean => mode !== "off" && Option.isSome(field)

/** Who owns activities, without a user's name or id. */
const ownerWords = ["deal", "me"] as const

const ownerWord = (owner: string) => ownerWords.find((word) => same(word, owner))
const isUser = (owner: string): boolean => ownerWord(owner) === undefined

const findPipeline = ({ pipeline }: DealSettings, { pipelines }: Lists): Option.Option<Found> =>
  Option.map(pipeline, (text) =>
    find({ variable: "GITPIP_DEAL_PIPELINE", text, items: pipelines, one: "pipeline", many: "pipelines" })
  )

/** A stage of the set pipeline, or of any. */
const findStage = (
  { stage }: DealSettings,
  { pipelines = [], stages }: Lists,
  pipeline: number | undefined
): Option.Option<Found> =>
  Option.map(stage, (text) =>
    find({
      variable: "GITPIP_DEAL_STAGE",
      text,
      items: stages?.filter(({ pipelineId }) => pipeline === undefined || pipelineId === pipeline),
      one: "stage",
      many: pipeline === undefined ? "stages" : "stages in the pipeline",
      within: ({ pipelineId }) =>
        `the pipeline ${pipelines.find(({ id }) => id === pipelineId)?.name ?? pipelineId ?? "of no name"}`
    })
  )

const findUser = (variable: `GITPIP_${"DEAL" | "ACTIVITY" | "LEAD"}_OWNER`, text: string, { users }: Lists): Found =>
  find({
    variable,
    text,
    items: users,
    one: "active user",
    many: "active users",
    alias: ({ email }) => email,
    words: variable === "GITPIP_ACTIVITY_OWNER" ? ownerWords : []
  })

/** The key of an activity type that a setting names by key, name or id. */
const findType = ({ type }: ActivitySettings, { types }: Lists): Result.Result<string, string> => {
  if (types === undefined) return Result.succeed(same(type, defaultType) ? defaultType : type)
  const [first, ...others] =
    [
      types.filter(({ key }) => same(key, type)),
      types.filter(({ id }) => String(id) === type),
      types.filter(({ name }) => same(name, type))
    ].find(({ length }) => length > 0) ?? []
  const keys = types.map(({ key }) => key)
  if (first === undefined) {
    const near = nearest(type, keys)
    return Result.fail(
      `GITPIP_ACTIVITY_TYPE: Pipedrive has no activity type \`${type}\`. ${
        near === undefined ? "" : `Did you mean \`${near}\`? `
      }The types are: ${keys.join(", ")}`
    )
  }
  return others.length === 0
    ? Result.succeed(first.key)
    : Result.fail(
        `GITPIP_ACTIVITY_TYPE: Pipedrive has several activity types \`${type}\`. Give the key of one: ${[first, ...others].map(({ key }) => key).join(", ")}`
      )
}

/** A setting that names a field with the GitHub login. */
interface WantedField {
  readonly variable: string
  readonly text: string
  readonly fields: ReadonlyArray<NamedField> | undefined
  readonly whose: "persons" | "deals"
}

/** The key of the field, or what is wrong with the setting. */
const findField = ({ fields, text, variable, whose }: WantedField): Result.Result<string, string> => {
  if (fields === undefined) {
    return /^[0-9a-f]{40}$/.test(text)
      ? Result.succeed(text)
      : Result.fail(
          `${variable}: Pipedrive does not show its fields of ${whose} to the token's user. Give the key of the field`
        )
  }
  const [first, ...others] = fields.filter(({ key, name }) => key === text || same(name, text))
  if (first === undefined) {
    const listed = fields.map(({ key, name }) => `${name} (${key})`)
    const near = nearest(
      text,
      fields.map(({ name }) => name)
    )
    const has =
      listed.length === 0
        ? "Pipedrive has no such fields"
        : `The text fields are: ${listed.slice(0, maxListed).join(", ")}`
    return Result.fail(
      `${variable}: Pipedrive has no text field "${text}" of ${whose}. ${near === undefined ? "" : `Did you mean "${near}"? `}${has}. Add one in Pipedrive under "Data fields"`
    )
  }
  return others.length === 0
    ? Result.succeed(first.key)
    : Result.fail(
        `${variable}: Pipedrive has several text fields "${text}" of ${whose}. Give the key of one: ${[first, ...others].map(({ key }) => key).join(", ")}`
      )
}

/** Whether a field of persons has this name or key. */
export const isPersonField = (text: string, fields: ReadonlyArray<NamedField>): boolean =>
  fields.some(({ key, name }) => key === text || same(name, text))

/** The key of the field of persons that holds GitHub logins, or what to do about it. */
export const findNamedPersonField = (
  text: string,
  fields: ReadonlyArray<NamedField> | undefined
): Result.Result<string, string> => findField({ variable: "GITPIP_PERSON_FIELD", text, fields, whose: "persons" })

const failureOf = (found: Option.Option<Found>): ReadonlyArray<string> =>
  Option.toArray(Option.flatMap(found, Result.getFailure))
const idOf = (found: Option.Option<Found>): number | undefined =>
  Option.getOrUndefined(Option.flatMap(found, Result.getSuccess))

/** A field of a request; left out when it is not set. */
const given = <const Name extends string, A>(name: Name, value: A | undefined): { readonly [N in Name]?: A } =>
  (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: A }

/** The visibility of new deals or leads. Both are seen by the same groups. */
const findVisibility = (
  variable: `GITPIP_${"DEAL" | "LEAD"}_VISIBILITY`,
  visibility: Option.Option<string>,
  { visibilities }: Lists
): Option.Option<Found> =>
  Option.map(visibility, (text) =>
    find({
      variable,
      text,
      items: visibilities,
      one: "visibility",
      many: variable === "GITPIP_DEAL_VISIBILITY" ? "visibilities of deals" : "visibilities of leads"
    })
  )

/** The key of the field of persons, when the settings name one. */
const findPersonField = ({ person }: Placed, { personFields }: Lists) =>
  Option.map(
    Option.filter(person.field, () => namesField(person)),
    (text) => findNamedPersonField(text, personFields)
  )

/** The placement of leads, or all faults. What settings say about deals and activities does not count. */
const resolveForLeads = (placed: Placed, lists: Lists): Result.Result<Placement, ReadonlyArray<string>> => {
  const { activity, lead } = placed
  const owner = Option.map(lead.owner, (text) => findUser("GITPIP_LEAD_OWNER", text, lists))
  const visibility = findVisibility("GITPIP_LEAD_VISIBILITY", lead.visibility, lists)
  const labels = lead.labels.map((text) =>
    findByUuid({
      variable: "GITPIP_LEAD_LABELS",
      text,
      items: lists.leadLabels,
      one: "label of leads",
      many: "labels of leads"
    })
  )
  const personField = findPersonField(placed, lists)
  const faults = [
    ...[owner, visibility].flatMap(failureOf),
    ...labels.flatMap((label) => Option.toArray(Result.getFailure(label))),
    ...Option.toArray(Option.flatMap(personField, Result.getFailure))
  ]
  if (faults.length > 0) return Result.fail(faults)
  const visibleTo = idOf(visibility)
  return Result.succeed({
    deal: {},
    lead: {
      ...given("owner_id", idOf(owner)),
      ...given("label_ids", labels.length === 0 ? undefined : [...new Set(labels.map(Result.getOrThrow))]),
      ...given("visible_to", visibleTo === undefined ? undefined : String(visibleTo))
    },
    ...stagesOf(undefined, lists),
    owner: "deal",
    priority: undefined,
    type: activity.type,
    personField: Option.getOrUndefined(Option.flatMap(personField, Result.getSuccess)),
    dealField: undefined
  })
}

/** The placement, or all faults. */
export const resolve = (placed: Placed, lists: Lists): Result.Result<Placement, ReadonlyArray<string>> => {
  const { activity, deal, publishAs } = placed
  if (publishAs === "lead") return resolveForLeads(placed, lists)
  const asActivity = publishAs === "activity"
  const personField = findPersonField(placed, lists)
  const dealField = Option.map(
    Option.filter(deal.field, () => asActivity),
    (text) => findField({ variable: "GITPIP_DEAL_FIELD", text, fields: lists.dealFields, whose: "deals" })
  )
  const pipeline = findPipeline(deal, lists)
  const stage = findStage(deal, lists, idOf(pipeline))
  const owner = Option.map(deal.owner, (text) => findUser("GITPIP_DEAL_OWNER", text, lists))
  const labels = deal.labels.map((text) =>
    find({ variable: "GITPIP_DEAL_LABELS", text, items: lists.labels, one: "label of deals", many: "labels of deals" })
  )
  const visibility = findVisibility("GITPIP_DEAL_VISIBILITY", deal.visibility, lists)
  const activityOwner =
    asActivity && isUser(activity.owner)
      ? Option.some(findUser("GITPIP_ACTIVITY_OWNER", activity.owner, lists))
      : Option.none<Found>()
  const priority = Option.map(asActivity ? activity.priority : Option.none<string>(), (text) =>
    find({
      variable: "GITPIP_ACTIVITY_PRIORITY",
      text,
      items: lists.priorities,
      one: "priority",
      many: "priorities"
    })
  )
  const type = asActivity ? findType(activity, lists) : Result.succeed(activity.type)
  const faults = [
    ...Option.toArray(Result.getFailure(type)),
    ...[activityOwner, priority, pipeline, stage, owner, ...labels.map(Option.some), visibility].flatMap(failureOf),
    ...[dealField, personField].flatMap((field) => Option.toArray(Option.flatMap(field, Result.getFailure)))
  ]
  if (faults.length > 0) return Result.fail(faults)

  const pipelineId = idOf(pipeline)
  const ownerId = idOf(activityOwner)
  return Result.succeed({
    deal: {
      ...given("pipeline_id", pipelineId),
      ...given("stage_id", idOf(stage)),
      ...given("owner_id", idOf(owner)),
      ...given("label_ids", labels.length === 0 ? undefined : [...new Set(labels.map(Result.getOrThrow))]),
      ...given("visible_to", idOf(visibility))
    },
    lead: {},
    ...stagesOf(pipelineId, lists),
    owner: ownerId === undefined ? (ownerWord(activity.owner) ?? "deal") : { id: ownerId },
    priority: idOf(priority),
    type: Result.getOrElse(type, () => activity.type),
    personField: Option.getOrUndefined(Option.flatMap(personField, Result.getSuccess)),
    dealField: Option.getOrUndefined(Option.flatMap(dealField, Result.getSuccess))
  })
}

/** The stages of the set pipeline, and those of the others. */
const stagesOf = (pipeline: number | undefined, { stages }: Lists): Pick<Placement, "stages" | "otherStages"> => {
  if (pipeline === undefined || stages === undefined) return { stages: undefined, otherStages: undefined }
  const idsOf = (some: ReadonlyArray<NamedStage>) => new Set(some.map(({ id }) => id))
  return {
    stages: idsOf(stages.filter(({ pipelineId }) => pipelineId === pipeline)),
    otherStages: idsOf(stages.filter(({ pipelineId }) => pipelineId !== pipeline))
  }
}
