/**
 * What the company behind the Pipedrive fake has set up: pipelines, stages, users, labels and priorities; and what it refuses
 * that names none of them. Pipedrive does not document the texts of these refusals.
 */
import { createHash } from "node:crypto"
import { jsonReply, type Reply } from "../reply.ts"
import { fieldBody } from "./bodies.ts"
import type { Company } from "./company.ts"
import { fieldsQuery, pipelinesQuery, stagesQuery } from "./queries.ts"
import { type Body, found, invalid, type Query, type Request, refusal, withBody, withQuery } from "./requests.ts"
import { ME } from "./wire.ts"

/** A pipeline, a label or a priority. */
export interface PipedriveChoice {
  readonly id: number
  readonly name: string
}

export interface PipedriveStage extends PipedriveChoice {
  readonly pipeline_id: number
}

export interface PipedriveUser extends PipedriveChoice {
  readonly email: string
  /** A deactivated user is still listed. */
  readonly active_flag: boolean
}

/** A field that the company added. */
export interface PipedriveField {
  readonly key: string
  readonly name: string
}

/** A label of leads. */
export interface PipedriveLeadLabel {
  /** A UUID. */
  readonly id: string
  readonly name: string
}

/** What a company has set up, and settings name: each choice by its number and its name. */
export interface PipedriveSetup {
  readonly pipelines: ReadonlyArray<PipedriveChoice>
  readonly stages: ReadonlyArray<PipedriveStage>
  readonly users: ReadonlyArray<PipedriveUser>
  readonly labels: ReadonlyArray<PipedriveChoice>
  readonly priorities: ReadonlyArray<PipedriveChoice>
  readonly leadLabels: ReadonlyArray<PipedriveLeadLabel>
  /** Fields of persons and of deals that the company added, each with a line of text. */
  readonly personFields: ReadonlyArray<PipedriveField>
  readonly dealFields: ReadonlyArray<PipedriveField>
}

const choices = (names: ReadonlyArray<string>, first = 1): ReadonlyArray<PipedriveChoice> =>
  names.map((name, index) => ({ id: first + index, name }))

/** Of a new company. The first pipeline, and the first stage of a pipeline, are the default. */
export const newSetup: PipedriveSetup = {
  pipelines: choices(["Pipeline"]),
  stages: choices(["Qualified", "Contact Made", "Demo Scheduled", "Proposal Made", "Negotiations Started"]).map(
    (stage) => ({ ...stage, pipeline_id: 1 })
  ),
  users: [{ id: ME.id, name: ME.name, email: ME.email, active_flag: true }],
  labels: choices(["Hot", "Warm", "Cold"], 21),
  priorities: choices(["High", "Medium", "Low"], 401),
  leadLabels: ["Hot", "Warm", "Cold"].map((name, index) => ({
    id: `f08b42a${index}-4e75-11ea-9643-03698ef1cfd6`,
    name
  })),
  personFields: [],
  dealFields: []
}

/** https://support.pipedrive.com/en/article/visibility-groups */
const visibilities: ReadonlyArray<PipedriveChoice> = [
  { id: 1, name: "Item owner" },
  { id: 3, name: "All users" }
]

/** Where a new deal stands: a stage decides the pipeline, and a pipeline's first stage is the default. */
export const placeOf = ({ setup }: Company, { pipeline_id, stage_id }: Body) => {
  const { pipelines, stages } = setup
  const stage = stages.find(({ id }) => id === stage_id)
  const pipeline = stage?.pipeline_id ?? pipeline_id ?? pipelines[0]?.id ?? 1
  return {
    pipeline_id: pipeline as number,
    stage_id: stage?.id ?? stages.find((stage) => stage.pipeline_id === pipeline)?.id ?? 1
  }
}

/** The reply to a body that names what the company does not have. */
export const setupFault = ({ setup }: Company, body: Body): Reply | undefined => {
  const has = (items: ReadonlyArray<PipedriveChoice>, id: unknown) =>
    id === undefined || items.some((item) => item.id === id)
  const stage = setup.stages.find(({ id }) => id === body.stage_id)
  const labels = Array.isArray(body.label_ids) ? body.label_ids : []
  const fault = !has(
    setup.users.filter((user) => user.active_flag),
    body.owner_id
  )
    ? "owner_id: User not found"
    : !has(setup.pipelines, body.pipeline_id)
      ? "pipeline_id: Pipeline not found"
      : !has(setup.stages, body.stage_id)
        ? "stage_id: Stage not found"
        : stage !== undefined && body.pipeline_id !== undefined && stage.pipeline_id !== body.pipeline_id
          ? "stage_id: Stage is not in the pipeline"
          : !labels.every((id) => has(setup.labels, id))
            ? "label_ids: Option not found"
            : !has(setup.priorities, body.priority)
              ? "priority: Option not found"
              : undefined
  return fault === undefined ? undefined : refusal(400, fault, "ERR_BAD_REQUEST")
}

const at = "2020-01-01T00:00:00Z"

export const listPipelines = ({ setup }: Company, request: Request): Reply =>
  withQuery(request, pipelinesQuery, (query) =>
    page(
      query,
      setup.pipelines.map(({ id, name }, index) => ({
        id,
        name,
        order_nr: index,
        is_deleted: false,
        is_deal_probability_enabled: true,
        add_time: at,
        update_time: at
      }))
    )
  )

export const listStages = ({ setup }: Company, request: Request): Reply =>
  withQuery(request, stagesQuery, (query) =>
    page(
      query,
      setup.stages
        .filter(({ pipeline_id }) => query.pipeline_id === undefined || `${pipeline_id}` === query.pipeline_id)
        .map((stage, index) => ({
          ...stage,
          order_nr: index,
          is_deleted: false,
          deal_probability: 100,
          is_deal_rot_enabled: false,
          days_to_rotten: null,
          add_time: at,
          update_time: at
        }))
    )
  )

/** Of version 1: in one answer. */
export const listUsers = ({ setup }: Company): Reply =>
  found(setup.users.map((user) => ({ ...ME, is_you: user.id === ME.id, has_created_company: false, ...user })))

export const listDealFields = ({ setup }: Company, request: Request): Reply =>
  withQuery(request, fieldsQuery, (query) =>
    page(query, [
      field("Title", "title", "varchar"),
      field("Label", "label_ids", "set", setup.labels),
      field("Visible to", "visible_to", "visible_to", visibilities),
      ...setup.dealFields.map(added)
    ])
  )

export const listActivityFields = ({ setup }: Company, request: Request): Reply =>
  withQuery(request, fieldsQuery, (query) =>
    page(query, [field("Subject", "subject", "varchar"), field("Priority", "priority", "enum", setup.priorities)])
  )

export const listPersonFields = ({ setup }: Company, request: Request): Reply =>
  withQuery(request, fieldsQuery, (query) =>
    page(query, [field("Name", "name", "varchar"), ...setup.personFields.map(added)])
  )

/** Each company's fields have a key of 40 hexadecimal digits. */
export const createPersonField = (company: Company, request: Request): Reply =>
  withBody(request, { shape: fieldBody, required: ["field_name", "field_type"] }, ({ field_name, field_type }) => {
    const { personFields } = company.setup
    const key = createHash("sha1").update(`${field_name} ${personFields.length}`).digest("hex")
    const created = { key, name: `${field_name}` }
    if (field_type === "varchar") company.setup = { ...company.setup, personFields: [...personFields, created] }
    return found({ ...added(created), field_type }, company.options.createdStatus)
  })

const added = ({ key, name }: PipedriveField) => ({ ...field(name, key, "varchar"), is_custom_field: true })

const field = (name: string, code: string, ...[type, options]: readonly [string, ReadonlyArray<PipedriveChoice>?]) => ({
  field_name: name,
  field_code: code,
  field_type: type,
  options:
    options?.map(({ id, name }) => ({ id, label: name, color: null, update_time: null, add_time: null })) ?? null,
  subfields: null,
  is_custom_field: false,
  is_optional_response_field: false
})

const page = (query: Query, items: ReadonlyArray<unknown>): Reply => {
  const start = query.cursor === undefined ? 0 : Number(query.cursor)
  if (!Number.isSafeInteger(start) || start < 0) return invalid(["cursor: Invalid cursor"])
  const end = start + Number(query.limit ?? 100)
  return jsonReply(200, {
    success: true,
    data: items.slice(start, end),
    additional_data: { next_cursor: end < items.length ? `${end}` : null }
  })
}
