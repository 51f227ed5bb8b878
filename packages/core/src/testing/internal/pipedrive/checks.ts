/**
 * Pipedrive's strict reading of bodies and queries: version 2 refuses what it does not know instead of ignoring it
 * (https://pipedrive.readme.io/docs/pipedrive-api-v2-migration-guide, https://github.com/n8n-io/n8n/pull/30890).
 *
 * Where the service is not described, the strictest reading is taken: no `null` unless the description allows it, no
 * U+0000 and no half of a surrogate pair in any text, 255 UTF-16 units in a subject or title.
 */

/** The faults of a value, each beginning with the field's name. */
export type Check = (value: unknown, name: string) => ReadonlyArray<string>

export type Shape = Readonly<Record<string, Check>>

export const GOOD: ReadonlyArray<string> = []

export const expects =
  (what: string, accept: (value: unknown) => boolean): Check =>
  (value, name) =>
    accept(value) ? GOOD : [`${name}: Expected ${what}, received ${nameOf(value)}`]

export const nameOf = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : typeof value

export const integer = expects("integer", Number.isSafeInteger)
export const number = expects("number", Number.isFinite)
export const boolean = expects("boolean", (value) => typeof value === "boolean")

export const text: Check = (value, name) => {
  if (typeof value !== "string") return [`${name}: Expected string, received ${nameOf(value)}`]
  return value.includes("\0") || !value.isWellFormed() ? [`${name}: String contains invalid characters`] : GOOD
}

export const shortText: Check = (value, name) => {
  const faults = text(value, name)
  if (faults.length > 0 || typeof value !== "string") return faults
  return value.length > 255 ? [`${name}: String must contain at most 255 character(s)`] : GOOD
}

export const nameText: Check = (value, name) =>
  value === "" ? [`${name}: String must not be empty`] : shortText(value, name)

export const pattern = (what: string, regex: RegExp): Check =>
  expects(what, (value) => typeof value === "string" && regex.test(value))

/** A date-time is refused here (https://github.com/n8n-io/n8n/tree/master/packages/nodes-base/nodes/Pipedrive/v2/helpers). */
export const date: Check = expects(
  "a date in the form YYYY-MM-DD",
  (value) => typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value))
)
export const time = pattern("a time in the form HH:MM or HH:MM:SS", /^\d{2}:[0-5]\d(:[0-5]\d)?$/)

export const nullable =
  (check: Check): Check =>
  (value, name) =>
    value === null ? GOOD : check(value, name)

export const oneOf = (values: ReadonlyArray<unknown>): Check =>
  expects(values.map((value) => JSON.stringify(value)).join(" | "), (value) => values.includes(value))

export const listOf =
  (check: Check): Check =>
  (value, name) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => check(item, `${name}[${index}]`))
      : [`${name}: Expected array, received ${nameOf(value)}`]

export const object =
  (shape: Shape): Check =>
  (value, name) =>
    isRecord(value)
      ? Object.entries(value).flatMap(([key, field]) => checkOf(shape, key)(field, `${name}.${key}`))
      : [`${name}: Expected object, received ${nameOf(value)}`]

const checkOf = (shape: Shape, key: string): Check =>
  (Object.hasOwn(shape, key) ? shape[key] : undefined) ??
  ((_value, name) => [`${name}: Parameter '${key}' is not allowed for this request`])

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** All faults of a body or query, in the order of its keys. */
export const faultsOf = (
  shape: Shape,
  value: Readonly<Record<string, unknown>>,
  required: ReadonlyArray<string> = []
): ReadonlyArray<string> => [
  ...required.filter((key) => !Object.hasOwn(value, key)).map((key) => `${key}: Required`),
  ...Object.entries(value).flatMap(([key, field]) => checkOf(shape, key)(field, key))
]

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
