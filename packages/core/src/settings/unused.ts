/** Settings and choices that do not count, because of what files become in Pipedrive. Pure. */
import { Option } from "effect"
import type { PublishAs, Settings } from "../Settings.ts"

/** A setting that is set and does not count. */
export interface UnusedSetting {
  readonly name: string
  /** Why, and what to do, without the name. */
  readonly detail: string
}

type Placed = Pick<Settings["Service"], "publishAs" | "activity" | "deal" | "lead">

/** What the setting says about, whether it differs from its default, and the forms of files that it counts for. */
type Row = readonly [name: string, isSet: boolean, forms: ReadonlyArray<PublishAs>]

const rowsOf = ({ activity, deal, lead }: Placed): ReadonlyArray<Row> => [
  ["GITPIP_ACTIVITY_TYPE", activity.type !== "task", ["activity"]],
  ["GITPIP_ACTIVITY_DONE", activity.done, ["activity"]],
  ["GITPIP_ACTIVITY_OWNER", activity.owner !== "deal", ["activity"]],
  ["GITPIP_ACTIVITY_DUE", Option.getOrUndefined(activity.due) !== 0, ["activity"]],
  ["GITPIP_ACTIVITY_PRIORITY", Option.isSome(activity.priority), ["activity"]],
  ["GITPIP_TIME_ZONE", Option.isSome(activity.timeZone), ["activity"]],
  ["GITPIP_DEAL_TITLE", deal.title !== "{login}", ["activity"]],
  ["GITPIP_DEAL_PIPELINE", Option.isSome(deal.pipeline), ["activity", "deal"]],
  ["GITPIP_DEAL_STAGE", Option.isSome(deal.stage), ["activity", "deal"]],
  ["GITPIP_DEAL_OWNER", Option.isSome(deal.owner), ["activity", "deal"]],
  ["GITPIP_DEAL_LABELS", deal.labels.length > 0, ["activity", "deal"]],
  ["GITPIP_DEAL_VISIBILITY", Option.isSome(deal.visibility), ["activity", "deal"]],
  ["GITPIP_DEAL_CLOSED", deal.closed !== "keep", ["activity"]],
  ["GITPIP_DEAL_FIELD", Option.isSome(deal.field), ["activity"]],
  ["GITPIP_LEAD_OWNER", Option.isSome(lead.owner), ["lead"]],
  ["GITPIP_LEAD_LABELS", lead.labels.length > 0, ["lead"]],
  ["GITPIP_LEAD_VISIBILITY", Option.isSome(lead.visibility), ["lead"]]
]

/** The settings that say where things stand in Pipedrive, are not the default, and do not count under `GITPIP_PUBLISH_AS`. */
export const unusedSettings = (settings: Placed): ReadonlyArray<UnusedSetting> =>
  rowsOf(settings)
    .filter(([, isSet, forms]) => isSet && !forms.includes(settings.publishAs))
    .map(([name, , forms]) => ({
      name,
      detail: `does not count with GITPIP_PUBLISH_AS=${settings.publishAs}, but with ${forms.map((form) => `\`${form}\``).join(" or ")}`
    }))

/** What a person chose for a user. */
export interface Choices {
  readonly deal: boolean
  readonly person: boolean
}

/** Why the chosen deal or person does not count under these settings, as sentences in ASCII; empty when what is chosen counts. */
export const unusedChoices = (
  { person: { mode }, publishAs }: Pick<Settings["Service"], "person" | "publishAs">,
  chosen: Choices
): ReadonlyArray<string> => [
  ...(chosen.deal && publishAs !== "activity"
    ? [`The chosen deal does not count with GITPIP_PUBLISH_AS=${publishAs}, but with \`activity\``]
    : []),
  ...(chosen.person && mode === "off"
    ? ["The chosen person does not count with GITPIP_PERSON=off, but with `create` or `link`"]
    : [])
]
