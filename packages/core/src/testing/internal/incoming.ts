/** Requests as the fakes see them. */
import type { IncomingMessage } from "node:http"
import type { FakeRequest } from "../FakeService.ts"
import type { makeRouter } from "./router.ts"

/**
 * Calls `use` once the request has arrived whole. A request that was cut off never ends, so the fake neither handles nor
 * logs it, like a real server.
 */
export const receive = <Route extends string>(
  incoming: IncomingMessage,
  { at, route }: { readonly at: number; readonly route: ReturnType<typeof makeRouter<Route>> },
  use: (request: FakeRequest<Route>) => void
): void => {
  if (!hasBody(incoming)) {
    use(requestOf(incoming, at, route))
    return
  }
  const chunks: Array<Buffer> = []
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
  incoming.on("end", () => use({ ...requestOf(incoming, at, route), ...parsed(Buffer.concat(chunks)) }))
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0"

const NO_QUERY: Readonly<Record<string, string>> = Object.freeze({})

const requestOf = <Route extends string>(
  incoming: IncomingMessage,
  at: number,
  route: ReturnType<typeof makeRouter<Route>>
): FakeRequest<Route> => {
  const url = incoming.url ?? "/"
  const mark = url.indexOf("?")
  const path = mark < 0 ? url : url.slice(0, mark)
  return {
    at,
    method: incoming.method ?? "GET",
    path,
    ...route(path),
    query: mark < 0 ? NO_QUERY : Object.fromEntries(new URLSearchParams(url.slice(mark))),
    // Only `set-cookie` is ever an array, and requests do not carry it.
    headers: incoming.headers as Readonly<Record<string, string>>
  }
}

const parsed = (bytes: Buffer): { readonly body?: unknown } => {
  try {
    return { body: JSON.parse(bytes.toString("utf8")) }
  } catch {
    return {}
  }
}
