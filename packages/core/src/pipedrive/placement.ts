/**
 * Where deals and activities are placed: from the names in the settings to the ids at Pipedrive. Pure.
 *
 * All faults are named at once, each with the choices that Pipedrive offers. A list that the token's user may not read is
 * missing: then an id is taken as it is, and a name is a fault.
 */
import { Equal, Option, Result } from "effect"
import { nearest } from "../domain/Text.ts"
import type { ActivitySettings, DealSettings, PersonSettings, Settings } from "../Settings.ts"
import type { DealChoices, Named, NamedField, NamedStage, NamedType, NamedUser } from "./lists.ts"
import type { NewDeal } from "./wire.ts"

/** The part of the settings that says where things are placed. */
export type Placed = Pick<Settings["Service"], "publishAs" | "activity" | "deal" | "person">

/** What Pipedrive offers. A list is missing when no setting needs it, or when the token's user may not read it. */
export interface Lists extends Partial<DealChoices> {
  readonly pipelines?: ReadonlyArray<Named>
  readonly stages?: ReadonlyArray<NamedStage>
  readonly users?: ReadonlyArray<NamedUser>
  readonly priorities?: ReadonlyArray<Named>
  readonly types?: ReadonlyArray<NamedType>
  readonly personFields?: ReadonlyArray<NamedField>
}

export interface Placement {
  /** The fields of a new deal beside its title. */
  readonly deal: Omit<NewDeal, "title">
  /** The stages of the set pipeline. `undefined`: deals of every pipeline may be adopted. */
  readonly stages: ReadonlySet<number> | undefined
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
export const needed = ({ activity, deal, person, publishAs }: Placed) => {
  const asActivity = publishAs === "activity"
  const namesPipeline = Option.isSome(deal.pipeline)
  return {
    pipelines: namesPipeline,
    stages: namesPipeline || Option.isSome(deal.stage),
    users: Option.isSome(deal.owner) || (asActivity && isUser(activity.owner)),
    dealChoices: deal.labels.length > 0 || Option.isSome(deal.visibility) || (asActivity && Option.isSome(deal.field)),
    priorities: asActivity && Option.isSome(activity.priority),
    types: asActivity && !same(activity.type, defaultType),
    personFields: namesField(publishAs, person)
  }
}

/** Every company has this type, so that its name is not checked at the start. */
const defaultType = "task"

/** Only users' deals name a person. */
const namesField = (publishAs: Placed["publishAs"], { field, mode }: PersonSettings): boolean =>
  publishAs === "activity" && mode !== "off" && Option.isSome(field)

/** Who owns activities, without a user's name or id. */
const ownerWords = ["deal", "me"] as const

const ownerWord = (owner: string) => ownerWords.find((word) => same(word, owner))
const isUser = (owner: string): boolean => ownerWord(owner) === undefined

type Found = Result.Result<number, string>

/** A setting that names one thing. */
interface Wanted<A extends Named> {
  readonly variable: string
  readonly text: string
  readonly items: ReadonlyArray<A> | undefined
  /** What there is several of: `pipelines`. */
  readonly many: string
  readonly one: string
  /** Other names of an item: a user's e-mail address. */
  readonly alias?: (item: A) => string | undefined
  /** Words that the setting takes beside items. */
  readonly words?: ReadonlyArray<string>
  /** Where an item belongs, when several have one name. */
  readonly within?: (item: A) => string
}

const same = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase()

const find = <A extends Named>({ alias, items, many, one, text, variable, within, words = [] }: Wanted<A>): Found => {
  const id = /^\d{1,15}$/.test(text) ? Number(text) : undefined
  if (items === undefined) {
    return id === undefined
      ? Result.fail(`${variable}: Pipedrive does not show its ${many} to the token's user. Give the id of the ${one}`)
      : Result.succeed(id)
  }
  if (id !== undefined && items.some((item) => item.id === id)) return Result.succeed(id)
  const named = items.filter((item) => same(item.name, text) || same(alias?.(item) ?? "", text))
  const [first, ...others] = named
  if (first === undefined)
    return Result.fail(`${variable}: Pipedrive has no ${one} "${text}". ${choices(text, many, items)}${besides(words)}`)
  if (others.length === 0) return Result.succeed(first.id)
  const listed = named.map((item) => `${item.id}${within === undefined ? "" : ` in ${within(item)}`}`).join(", ")
  return Result.fail(`${variable}: Pipedrive has several ${many} "${text}". Give the id of one: ${listed}`)
}

const besides = (words: ReadonlyArray<string>): string =>
  words.length === 0 ? "" : `. Or set ${words.map((word) => `\`${word}\``).join(" or ")}`

/** More would fill the screen. */
const maxListed = 30

const choices = (text: string, many: string, items: ReadonlyArray<Named>): string => {
  if (items.length === 0) return `Pipedrive has no ${many}`
  const near = nearest(
    text.toLowerCase(),
    items.map(({ name }) => name),
    (name) => name.toLowerCase()
  )
  const listed = items.slice(0, maxListed).map(({ id, name }) => `${name} (${id})`)
  const more = items.length - listed.length
  return `${near === undefined ? "" : `Did you mean "${near}"? `}The ${many} are: ${listed.join(", ")}${more > 0 ? `, and ${more} more` : ""}`
}

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

const findUser = (variable: "GITPIP_DEAL_OWNER" | "GITPIP_ACTIVITY_OWNER", text: string, { users }: Lists): Found =>
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
export const findPersonField = (
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

/** The placement, or all faults. */
export const resolve = (placed: Placed, lists: Lists): Result.Result<Placement, ReadonlyArray<string>> => {
  const { activity, deal, person, publishAs } = placed
  const asActivity = publishAs === "activity"
  const personField = Option.map(
    Option.filter(person.field, () => namesField(publishAs, person)),
    (text) => findPersonField(text, lists.personFields)
  )
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
  const visibility = Option.map(deal.visibility, (text) =>
    find({
      variable: "GITPIP_DEAL_VISIBILITY",
      text,
      items: lists.visibilities,
      one: "visibility",
      many: "visibilities of deals"
    })
  )
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
    stages: pipelineId === undefined ? undefined : stagesOf(pipelineId, lists),
    owner: ownerId === undefined ? (ownerWord(activity.owner) ?? "deal") : { id: ownerId },
    priority: idOf(priority),
    type: Result.getOrElse(type, () => activity.type),
    personField: Option.getOrUndefined(Option.flatMap(personField, Result.getSuccess)),
    dealField: Option.getOrUndefined(Option.flatMap(dealField, Result.getSuccess))
  })
}

const stagesOf = (pipeline: number, { stages }: Lists): ReadonlySet<number> | undefined =>
  stages && new Set(stages.filter(({ pipelineId }) => pipelineId === pipeline).map(({ id }) => id))
