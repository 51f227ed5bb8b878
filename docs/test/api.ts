/** Writes `docs/api.md` from the OpenAPI document, so that it holds what the contract has and nothing else. */
import { Api } from "@gitpip/http"
import { OpenApi } from "effect/http-api"

type Document = ReturnType<typeof OpenApi.fromApi>
type Operation = NonNullable<Document["paths"][string]["get"]>
/** The part of JSON Schema that the contract uses. */
interface JsonSchema {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly description?: string
  readonly enum?: ReadonlyArray<string | number>
  readonly items?: JsonSchema
  readonly anyOf?: ReadonlyArray<JsonSchema>
  readonly properties?: Readonly<Record<string, JsonSchema>>
}

interface Components {
  readonly responses: Readonly<Record<string, CommonAnswer>>
  readonly schemas: Readonly<Record<string, JsonSchema>>
}

const preamble = `# API

This page lists every call of the server, from its OpenAPI document. A running server has the document at \`/openapi.json\` (3.1, for
generators of clients) and as a reference page at \`/docs\`. In TypeScript, \`HttpApiClient\` of Effect makes a typed client of \`Api\` from
\`@gitpip/http\`: [embedding.md](embedding.md#a-typed-client).

- **Key.** With \`GITPIP_API_KEY\` set, every call but \`/health\` and \`/ready\` needs \`Authorization: Bearer KEY\`, else \`401\`.
- **Errors** are \`application/problem+json\` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)): \`type\` distinguishes them, \`detail\` says what
  is wrong and what to do. Answers that any call can give stand once, [below](#any-call). The other ones stand with their call.
- **Lists** are paged by \`limit\` and \`after\`. A \`Link\` header leads to the next page, and is absent on the last one.
- **Instants** are RFC 3339 in UTC.
- **Addresses** have one spelling: paths are case-sensitive, and \`;\`, \`#\`, empty parts, \`.\` and \`..\` get \`400\`.
- **Unknown parameters** get \`400\`, and the answer names the known ones. \`GET\` ignores the parameter \`_\`, which scripts add against caches, and \`/health\` and \`/metrics\` ignore all.
- **Methods.** \`HEAD\` answers like \`GET\` without the body, and \`OPTIONS\` with \`204\` and the methods in \`Allow\`.
`

/** An answer that stands once for all calls. */
interface CommonAnswer {
  readonly description: string
  readonly headers?: Readonly<Record<string, { readonly description: string }>>
  readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>
}

export const apiDocument = (): string => {
  const document = OpenApi.fromApi(Api)
  const components = document.components as unknown as Components
  const [problems, bodies] = partition(Object.entries(components.schemas), ([name]) => name.endsWith("ProblemEncoded"))
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      call: `${method.toUpperCase()} ${path}`,
      operation: operation as Operation
    }))
  )
  return [
    preamble,
    ...anyCall(
      operations.map(({ operation }) => operation),
      components
    ),
    ...document.tags.flatMap(({ name }) => [
      `## ${name}\n`,
      ...operations.filter(({ operation }) => operation.tags.includes(name)).map(call)
    ]),
    "## Bodies\n",
    ...bodies.filter(([name]) => !name.endsWith("Encoded")).map(body),
    "## Problems\n",
    "In the tables above without their `urn:gitpip:problem:`.\n",
    "| `type` | Status | Title |\n|---|---|---|",
    `${problems.map(problem).join("\n")}\n`
  ].join("\n")
}

const partition = <A>(all: ReadonlyArray<A>, test: (one: A) => boolean) =>
  [all.filter(test), all.filter((one) => !test(one))] as const

/** The name of the common answer that a call refers to; undefined for the call's own answer. */
const refOf = (response: object | undefined): string | undefined =>
  response !== undefined && "$ref" in response ? String(response.$ref).replace(/^.*\//, "") : undefined

/** The common answers by status. The calls that need no key lack some of them. */
const anyCall = (operations: ReadonlyArray<Operation>, { responses: answers, schemas }: Components) => {
  const all = operations.map(({ responses }): Readonly<Record<string, object>> => responses)
  const statuses = [...new Set(all.flatMap(Object.keys))].toSorted((a, b) => Number(a) - Number(b))
  const rows = statuses.flatMap((status) => {
    const refs = all.map((responses) => refOf(responses[status]))
    const found = answers[refs.find((ref) => ref !== undefined) ?? ""]
    if (found === undefined) return []
    const mark = refs.includes(undefined) ? " ¹" : ""
    const types = Object.values(found.content).map(({ schema }) => `problem \`${typeOfProblem(schema, schemas)}\``)
    const headers = Object.keys(found.headers ?? {}).map((name) => `; header \`${name}\``)
    return [`| \`${status}\`${mark} | ${types.join(" or ")}${headers.join("")} | ${found.description} |`]
  })
  return [
    "## Any call\n",
    "| Status | Answer | When |\n|---|---|---|",
    `${rows.join("\n")}\n`,
    "¹ Not from `/health` and `/ready`. They need no key, and have a `503` of their own.\n"
  ]
}

/** The type as the schema has it, without what all types begin with. */
const typeOfProblem = ({ $ref, properties }: JsonSchema, schemas: Readonly<Record<string, JsonSchema>>): string => {
  const fields = $ref === undefined ? properties : schemas[$ref.replace(/^.*\//, "")]?.properties
  return String(fields?.type?.enum?.[0]).replace("urn:gitpip:problem:", "")
}

const call = ({ call, operation }: { readonly call: string; readonly operation: Operation }): string => {
  const parameters = operation.parameters.map(
    ({ in: place, name, schema }) => `| \`${name}\` | ${place} | ${meaning(schema as JsonSchema)} |`
  )
  const answers = Object.entries(operation.responses)
    .filter(([, response]) => refOf(response) === undefined)
    .map(([status, { content, description, headers }]) => {
      const schemas = Object.entries(content ?? {}).map(([type, { schema }]) => answer(type, schema as JsonSchema))
      const named = Object.keys(headers ?? {}).map((header) => `\`${header}\``)
      return `| \`${status}\` | ${[...schemas, ...(schemas.length === 0 ? [description] : [])].join(", ")}${named.length === 0 ? "" : `; header ${named.join(", ")}`} |`
    })
  return [
    `### ${call}\n`,
    `${[operation.summary, operation.description].map(sentence).join(" ").trim()}\n`,
    ...(parameters.length === 0 ? [] : ["| Parameter | In | Meaning |\n|---|---|---|", `${parameters.join("\n")}\n`]),
    "| Status | Answer |\n|---|---|",
    `${answers.join("\n")}\n`
  ].join("\n")
}

const meaning = (schema: JsonSchema) =>
  [schema.enum === undefined ? "" : typeOf(schema), schema.description ?? ""].filter((part) => part !== "").join(": ")

const sentence = (text: string | undefined) => (text === undefined ? "" : /[.!?]$/.test(text) ? text : `${text}.`)

const answer = (type: string, schema: JsonSchema): string =>
  type === "application/json"
    ? typeOf(schema)
    : type === "text/event-stream"
      ? `\`${type}\`, each event's data a ${typeOf(schema.properties?.data ?? {})}`
      : type === "application/problem+json"
        ? (schema.anyOf ?? [schema]).map(({ $ref }) => `problem \`${problemType($ref)}\``).join(" or ")
        : `\`${type}\``

/** `UserNotTrackedProblemEncoded` has the type `urn:gitpip:problem:user-not-tracked`. */
const problemType = ($ref = "") =>
  $ref
    .replace(/^.*\/|ProblemEncoded$/g, "")
    .replace(/(?<=[a-z])[A-Z]/g, (capital) => `-${capital}`)
    .toLowerCase()

const typeOf = (schema: JsonSchema): string => {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace(/^.*\/|Encoded$/g, "")
    return `[${name}](#${name.toLowerCase()})`
  }
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${one}\``).join(" or ")
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" or ")
  if (schema.type === "array") return `list of ${typeOf(schema.items ?? {})}`
  if (schema.type === "object") {
    return `{ ${Object.entries(schema.properties ?? {})
      .map(([name, property]) => `\`${name}\`: ${typeOf(property)}`)
      .join(", ")} }`
  }
  if (schema.type === "null") return "`null`"
  return schema.format === "date-time" ? "instant" : (schema.type ?? "anything")
}

const body = ([name, schema]: readonly [string, JsonSchema]): string => {
  const forms = schema.anyOf ?? [schema]
  return [
    `### ${name}\n`,
    `${sentence(schema.description)}${forms.length > 1 ? " One of:" : ""}\n`,
    ...forms.map((form) => `| Field | Type | Meaning |\n|---|---|---|\n${rows(form).join("\n")}\n`)
  ].join("\n")
}

/** The fields of an object, and below each the fields of an object within. */
const rows = (schema: JsonSchema, prefix = ""): ReadonlyArray<string> =>
  Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    property.properties === undefined
      ? [`| \`${prefix}${name}\` | ${typeOf(property)} | ${property.description ?? ""} |`]
      : rows(property, `${prefix}${name}.`)
  )

const problem = ([, { properties = {} }]: readonly [string, JsonSchema]): string => {
  const value = (name: string) => properties[name]?.enum?.[0] ?? ""
  return `| \`${value("type")}\` | \`${value("status")}\` | ${value("title")} |`
}
