/**
 * Answers that a description of an API (OpenAPI 3.0 or 3.1) allows: whole, as short as can be, and with one thing at a time
 * that a client may have overlooked. Pure.
 */

/** A part of a description, as JSON. */
export interface Described {
  readonly $ref?: string
  readonly type?: string | ReadonlyArray<string>
  readonly format?: string
  readonly nullable?: boolean
  readonly enum?: ReadonlyArray<unknown>
  readonly items?: Described
  readonly properties?: Readonly<Record<string, Described>>
  readonly required?: ReadonlyArray<string>
  readonly additionalProperties?: boolean | Described
  readonly allOf?: ReadonlyArray<Described>
  readonly oneOf?: ReadonlyArray<Described>
  readonly anyOf?: ReadonlyArray<Described>
}

export interface Answer {
  /** The change: `files.{name}.size is null`. */
  readonly label: string
  readonly value: unknown
}

type Mode = "whole" | "shortest" | "nulls"

export const makeDescribed = (description: object) => {
  const resolve = (schema: Described): Described => {
    if (schema.$ref === undefined) return schema
    const found = schema.$ref
      .slice(2)
      .split("/")
      .reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], description)
    return resolve(found as Described)
  }

  /** One schema without references and without parts. Of several alternatives the first that is not `null`. */
  const plain = (schema: Described): Described => {
    const own = resolve(schema)
    const parts = (own.allOf ?? []).map(plain)
    const alternatives = own.oneOf ?? own.anyOf
    const chosen = alternatives?.map(plain).find(({ type }) => type !== "null")
    const all = [own, ...parts, ...(chosen === undefined ? [] : [chosen])]
    return {
      ...Object.assign({}, ...all),
      properties: Object.assign({}, ...all.map(({ properties = {} }) => properties)),
      required: all.flatMap(({ required = [] }) => required),
      nullable: isNullable(own) || (chosen !== undefined && isNullable(chosen))
    }
  }

  const fill = (described: Described, mode: Mode): unknown => {
    const schema = plain(described)
    if (mode === "nulls" && schema.nullable === true) return null
    if (schema.enum !== undefined) return schema.enum.find((value) => value !== null)
    switch (typeOf(schema)) {
      case "array":
        return [fill(schema.items ?? {}, mode)]
      case "object": {
        const entries = Object.entries(schema.properties ?? {}).flatMap(([name, one]) =>
          mode === "shortest" && !(schema.required ?? []).includes(name) ? [] : [[name, fill(one, mode)] as const]
        )
        const { additionalProperties: more } = schema
        const named = typeof more === "object" ? [["name", fill(more, mode)] as const] : []
        return Object.fromEntries([...entries, ...named])
      }
      default:
        return scalar(schema)
    }
  }

  /** The value with one change, for every change that the schema allows. */
  const changes = function* (described: Described, value: unknown, path: string): Generator<Answer> {
    const schema = plain(described)
    if (schema.nullable === true && value !== null) yield { label: `${path} is null`, value: null }
    if (schema.enum !== undefined && typeof value === "string") {
      yield { label: `${path} has a value that is not described`, value: "something_new" }
    }
    if (Array.isArray(value)) {
      yield { label: `${path} is empty`, value: [] }
      for (const { label, value: item } of changes(schema.items ?? {}, value[0], `${path}[0]`)) {
        yield { label, value: [item] }
      }
    } else if (typeof value === "object" && value !== null) {
      const record = value as Readonly<Record<string, unknown>>
      yield { label: `${path} has a field that is not described`, value: { ...record, something_new: { a: [1] } } }
      for (const [name, content] of Object.entries(record)) {
        const property = schema.properties?.[name]
        const { additionalProperties: more } = schema
        const inner = property ?? (typeof more === "object" ? more : {})
        const at = path === "" ? name : `${path}.${name}`
        if (property !== undefined && !(schema.required ?? []).includes(name)) {
          const { [name]: _gone, ...rest } = record
          yield { label: `${at} is missing`, value: rest }
        }
        for (const changed of changes(inner, content, at)) {
          yield { label: changed.label, value: { ...record, [name]: changed.value } }
        }
      }
    }
  }

  return {
    /** The answers of this kind. */
    answers: (schema: Described): ReadonlyArray<Answer> => {
      const whole = fill(schema, "whole")
      return [
        { label: "everything is there", value: whole },
        { label: "everything optional is missing", value: fill(schema, "shortest") },
        { label: "everything that can be null is", value: fill(schema, "nulls") },
        ...changes(schema, whole, "")
      ]
    }
  }
}

const isNullable = ({ anyOf, nullable, oneOf, type }: Described): boolean =>
  nullable === true ||
  [type].flat().includes("null") ||
  [...(oneOf ?? []), ...(anyOf ?? [])].some((one) => one.type === "null")

const typeOf = ({ items, properties, type, additionalProperties }: Described): string | undefined =>
  [type].flat().find((one) => one !== undefined && one !== "null") ??
  (items !== undefined
    ? "array"
    : Object.keys(properties ?? {}).length > 0 || additionalProperties !== undefined
      ? "object"
      : undefined)

const scalar = (schema: Described): unknown => {
  switch (typeOf(schema)) {
    case "string":
      return formats[schema.format ?? ""] ?? "text"
    case "integer":
      return 7
    case "number":
      return 7.5
    case "boolean":
      return true
    default:
      return { a: 1 }
  }
}

const formats: Readonly<Record<string, string>> = {
  "date-time": "2026-01-02T03:04:05Z",
  date: "2026-01-02",
  uri: "https://gist.github.com/octocat/aa5a315d61ae9438b18d"
}
