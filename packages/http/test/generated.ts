/** Requests made from the OpenAPI document: any call with known values, and with one fault or none. */
import { Schema } from "effect"
import { operationsOf } from "./contract.ts"
import type { Json } from "./server.ts"

/** Values that the server knows or could know, for the parameters whose schema has no list of values. */
const known: Readonly<Record<string, readonly [string, ...ReadonlyArray<string>]>> = {
  names: ["ann", "ANN,nobody-here", "bob,bob", "@ann,github.com/bob"],
  username: ["ann", "ANN", "bob", "nobody-here", "@ann", "https://github.com/ann"],
  id: ["1", "2", "77", "9007199254740991"],
  source: [
    "org:acme",
    "followers:ann",
    "stargazers:ann/repo",
    "pipedrive",
    "followers:@ann",
    "stargazers:https://github.com/ann/repo"
  ],
  next: ["2", "400", "x"],
  visit: ["1", "2", "99"],
  visitor: ["default", "me", "A visitor"],
  limit: ["1", "2", "1000"],
  after: ["0", "1", "9007199254740991"],
  days: ["1", "31"],
  deal: ["1", "9007199254740991", "default"],
  person: ["1", "9007199254740991", "default"],
  include: ["*.md", "*.{a,b},c", "none", "default"],
  exclude: ["*.lock", "none"],
  languages: ["Python", "none"],
  max_file_size: ["5 KB", "default"],
  forks: ["skip", "publish"]
}

const broken = [
  "",
  "0",
  "-1",
  "1e3",
  "9007199254740992",
  "1".repeat(40),
  ".",
  "..",
  "a b",
  "a/b",
  "a;b",
  "a--b",
  "%",
  "%00",
  "\u0000",
  "é",
  "\u{1f600}",
  "<b>",
  "null",
  "a".repeat(300),
  "a".repeat(9_000),
  "a".repeat(20_000)
] as const

const Fault = Schema.Union([
  Schema.TaggedStruct("None", {}),
  Schema.TaggedStruct("Value", {
    parameter: Schema.Literals([0, 1, 2, 3]),
    value: Schema.Literals(broken),
    isEncoded: Schema.Boolean
  }),
  Schema.TaggedStruct("Path", {
    inserted: Schema.Literals([";", ";x=1", "#", "/", "/.", "/../", "%", "%ff", "%2F", "%00", "\\", "/x"]),
    at: Schema.Literals([0, 1, 4, 40])
  }),
  Schema.TaggedStruct("Query", {
    added: Schema.Literals(["limit=1&limit=2", "x=1", "=", "&&", "limit", "%", "x=%ff", "limit=%31", "a;b", "?", "#x"])
  }),
  Schema.TaggedStruct("Method", {
    method: Schema.Literals(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "NONE"])
  }),
  Schema.TaggedStruct("Header", {
    lines: Schema.Literals([
      "host: localhost",
      "host: evil.example",
      "transfer-encoding: xchunked",
      "transfer-encoding: gzip, chunked",
      "content-length: -1",
      "content-length: 1\r\ntransfer-encoding: chunked",
      "upgrade: websocket\r\nconnection: upgrade",
      "authorization: Bearer wrong",
      "authorization: Basic YTpi",
      "origin: http://evil.example",
      "sec-fetch-site: cross-site\r\nsec-fetch-dest: empty",
      "cookie: gitpip_session=forged; gitpip_visitor=<b>",
      "x-forwarded-for: 1.2.3.4, junk",
      "content-type: text/odd",
      "accept: text/odd",
      "accept-encoding: odd;q=2",
      "range: bytes=0-1",
      "if-none-match: *",
      "no colon"
    ])
  }),
  Schema.TaggedStruct("Refused", {
    lines: Schema.Literals(["content-length: 70000", `x-long: ${"a".repeat(20_000)}`, "expect: tea"])
  }),
  Schema.TaggedStruct("LongAddress", {}),
  Schema.TaggedStruct("NoKey", {}),
  Schema.TaggedStruct("OtherHost", {}),
  Schema.TaggedStruct("Version", { version: Schema.Literals(["HTTP/1.0", "HTTP/1.2", "HTTP/3", "http/1.1", ""]) }),
  Schema.TaggedStruct("Cut", { share: Schema.Literals([0.2, 0.5, 0.9]) })
])

/** A path and a query may have parameters of one name, and calls may list other values for it. */
const keyOf = (parameter: { readonly in: string; readonly name: string; readonly schema?: Json } | undefined): string =>
  [parameter?.in, parameter?.name, ...(parameter?.schema?.enum ?? [])].join(" ")

/** A call, the value of each of its parameters, and one fault or none. */
export const requestsOf = (openapi: Json) => {
  const operations = operationsOf(openapi)
  const parameters = new Map<string, Json>(
    operations.flatMap(([, operation]) => operation.parameters.map((one: Json) => [keyOf(one), one]))
  )
  const fields = Object.fromEntries(
    [...parameters].map(([key, { name, required, schema }]) => {
      const values = schema.enum ?? known[name]
      if (values === undefined) throw new Error(`Add values of the parameter ${name} to this file`)
      const literals = Schema.Literals(values as readonly [string, ...Array<string>])
      return [key, required === true ? literals : Schema.optionalKey(literals)]
    })
  )
  return Schema.Struct({
    call: Schema.Literals(operations.map(([name]) => name)),
    values: Schema.Struct(fields) as unknown as Schema.Codec<Readonly<Record<string, string>>>,
    fault: Fault
  })
}

export type Generated = ReturnType<typeof requestsOf>["Type"]

/** The path of the contract, the method that was sent, and the bytes. */
export const bytesOf = (openapi: Json, { call, fault, values }: Generated, headers: ReadonlyArray<string>) => {
  const [own = "", path = ""] = call.split(" ")
  const method = fault._tag === "Method" ? fault.method : own
  const version = fault._tag === "Version" ? fault.version : "HTTP/1.1"
  const lines = [
    `${method} ${targetOf(openapi.paths[path][own.toLowerCase()].parameters, path, values, fault)} ${version}`,
    fault._tag === "OtherHost" ? "host: evil.example" : "host: localhost",
    "connection: close",
    ...(fault._tag === "NoKey" ? [] : headers),
    ...(fault._tag === "Header" || fault._tag === "Refused" ? [fault.lines] : [])
  ]
  const whole = `${lines.join("\r\n")}\r\n\r\n`
  return { path, method, text: fault._tag === "Cut" ? whole.slice(0, Math.ceil(whole.length * fault.share)) : whole }
}

/** Whether the fault is a value that the document's pattern for the parameter forbids. */
export const isOutsidePattern = (openapi: Json, { call, fault }: Generated): boolean => {
  if (fault._tag !== "Value") return false
  const [method = "", path = ""] = call.split(" ")
  const parameters: ReadonlyArray<Json> = openapi.paths[path][method.toLowerCase()].parameters
  const pattern = parameters[fault.parameter % parameters.length]?.schema.pattern
  return pattern !== undefined && !new RegExp(pattern, "u").test(fault.value)
}

const targetOf = (
  parameters: ReadonlyArray<Json>,
  path: string,
  values: Generated["values"],
  fault: Generated["fault"]
): string => {
  const faulty = fault._tag === "Value" ? keyOf(parameters[fault.parameter % parameters.length]) : undefined
  const written = (key: string): string | undefined => {
    if (fault._tag !== "Value" || key !== faulty) return values[key] && encodeURIComponent(values[key])
    return fault.isEncoded ? encodeURIComponent(fault.value) : fault.value
  }
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => written(keyOf({ in: "path", name })) ?? "")
  const query = parameters.flatMap((parameter) => {
    const value = parameter.in === "query" ? written(keyOf(parameter)) : undefined
    return value === undefined ? [] : [`${parameter.name}=${value}`]
  })
  if (fault._tag === "Query") query.push(fault.added)
  if (fault._tag === "LongAddress") query.push(`x=${"a".repeat(9_000)}`)
  const whole =
    fault._tag === "Path" ? `${filled.slice(0, fault.at)}${fault.inserted}${filled.slice(fault.at)}` : filled
  return query.length === 0 ? whole : `${whole}?${query.join("&")}`
}

/** Whether the fault can turn the address into that of another call, or of none. */
export const isElsewhere = ({ fault }: Generated): boolean =>
  fault._tag === "Path" || (fault._tag === "Value" && !fault.isEncoded)
