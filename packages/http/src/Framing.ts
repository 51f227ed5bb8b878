/**
 * Headers by which two readers could disagree on a request's host, sender or end. Node's parser accepts them.
 *
 * Hazard: a proxy that reads them otherwise would check one request while the server answers another (request smuggling).
 */
import { Predicate } from "effect"

interface NodeRequest {
  readonly rawHeaders: ReadonlyArray<string>
  readonly httpVersion: string
}

/** Why a request of Node is refused; undefined when it is well framed, or comes from another platform. */
export const framingFault = (source: object): string | undefined => {
  if (!isNodeRequest(source)) return undefined
  const values = valuesOf(source.rawHeaders)
  const { authorization, host, origin, "transfer-encoding": codings } = values
  // https://www.rfc-editor.org/rfc/rfc9112#section-3.2
  if (source.httpVersion === "1.1" && host.length === 0) return "Send a `Host` header"
  if (host.length > 1) return "Send one `Host` header"
  if (authorization.length > 1) return "Send one `Authorization` header"
  if (origin.length > 1) return "Send one `Origin` header"
  // https://www.rfc-editor.org/rfc/rfc9112#section-6.1
  if (codings.length > 0 && (codings.join() !== "chunked" || source.httpVersion === "1.0")) {
    return "The only transfer coding is `chunked`, of HTTP/1.1. Send the request without a body"
  }
  return undefined
}

const isNodeRequest = (source: object): source is NodeRequest =>
  Predicate.hasProperty(source, "rawHeaders") && Predicate.hasProperty(source, "httpVersion")

type Values = Record<"authorization" | "host" | "origin" | "transfer-encoding", Array<string>>

const valuesOf = (rawHeaders: ReadonlyArray<string>): Values => {
  const values: Values = { authorization: [], host: [], origin: [], "transfer-encoding": [] }
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? ""
    if (Object.hasOwn(values, name))
      values[name as keyof Values].push((rawHeaders[index + 1] ?? "").trim().toLowerCase())
  }
  return values
}
