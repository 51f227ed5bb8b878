/** The OpenAPI document as the judge of answers. */
import { Ajv2020 } from "ajv/dist/2020.js"
import type { Json } from "./server.ts"

export interface Documented {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
  /** False for an answer to `HEAD`. */
  readonly hasBody?: boolean
}

/** Every operation of the document, with its name: `GET /users`. */
export const operationsOf = (openapi: Json): Array<[name: string, operation: Json]> =>
  Object.entries<Json>(openapi.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, operation]): [string, Json] => [
      `${method.toUpperCase()} ${path}`,
      operation
    ])
  )

/** The documented answer of an operation, which stands with the operation or once for all. */
export const responseOf = (openapi: Json, operation: Json, status: string | number): Json =>
  locate(openapi, operation.responses[status])

const locate = (openapi: Json, response: Json): Json =>
  response?.$ref === undefined ? response : parts(response.$ref).reduce((within: Json, part) => within[part], openapi)

const parts = (ref: string): ReadonlyArray<string> => ref.slice("#/".length).split("/")

/** Judges answers: what is not as documented about one, undefined when everything is. */
export const judge = (openapi: Json) => {
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    formats: { "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/ }
  })
  ajv.addSchema({ $id: "openapi", ...openapi })

  /** The fault of a JSON body, by the schema at this place of the document. */
  const bodyFault = (at: ReadonlyArray<string>, text: string): string | undefined => {
    const pointer = at.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")
    const validate = ajv.getSchema(`openapi#/${pointer}`)
    if (validate === undefined) return `there is no schema at ${pointer}`
    return validate(JSON.parse(text)) ? undefined : ajv.errorsText(validate.errors)
  }

  return (path: string, method: string, { hasBody = true, headers, status, text }: Documented): string | undefined => {
    const declared = openapi.paths[path]?.[method.toLowerCase()]?.responses[status]
    if (declared === undefined) return `${status} is not documented`
    const { content = {}, headers: declaredHeaders = {} } = locate(openapi, declared)
    for (const [name, { required }] of Object.entries<Json>(declaredHeaders)) {
      if (required === true && headers[name] === undefined) return `${status} lacks the header ${name}`
    }
    const contentType = headers["content-type"]
    const type = [contentType, contentType?.replace(/;.*$/, "")].find((one) => one !== undefined && one in content)
    if (Object.keys(content).length === 0)
      return text === "" ? undefined : `${status} has a body that is not documented`
    if (type === undefined) return `${status} with the type ${contentType} is not documented`
    if (!hasBody || !type.endsWith("json")) return undefined
    const at =
      declared.$ref === undefined
        ? ["paths", path, method.toLowerCase(), "responses", `${status}`]
        : parts(declared.$ref)
    return bodyFault([...at, "content", type, "schema"], text)
  }
}
