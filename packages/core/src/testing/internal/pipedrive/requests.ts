/** Checks of a request before it is handled, and the replies that all handlers share. */
import type { FakeRequest } from "../../FakeService.ts"
import { jsonReply, type Reply } from "../reply.ts"
import { faultsOf, isRecord, type Shape } from "./checks.ts"
import type { PipedriveRoute } from "./routes.ts"

export type Request = FakeRequest<PipedriveRoute>
export type Query = Request["query"]
export type Body = Readonly<Record<string, unknown>>

export const refusal = (status: number, error: string, code?: string): Reply =>
  jsonReply(status, { success: false, error, ...(code === undefined ? {} : { code }) })

export const invalid = (faults: ReadonlyArray<string>): Reply =>
  refusal(400, `Validation failed: ${faults.join("; ")}`, "ERR_SCHEMA_VALIDATION_FAILED")

export const found = (data: unknown, status = 200): Reply => jsonReply(status, { success: true, data })

export const notFound = (): Reply => refusal(404, "Entity not found", "ERR_NOT_FOUND")

/** The id in the path, or -1, which no row has. */
export const idOf = (request: Request): number => {
  const [id = ""] = request.params
  return /^\d{1,15}$/.test(id) ? Number(id) : -1
}

/** Calls `use` with a JSON body that has the shape and the required keys. Replies 400 otherwise. */
export const withBody = (
  request: Request,
  { required = [], shape }: { readonly shape: Shape; readonly required?: ReadonlyArray<string> },
  use: (body: Body) => Reply
): Reply => {
  const type = request.headers["content-type"] ?? ""
  if (!type.includes("json") || !isRecord(request.body)) return refusal(400, "Bad request", "ERR_BAD_REQUEST")
  const faults = faultsOf(shape, request.body, required)
  return faults.length > 0 ? invalid(faults) : use(request.body)
}

/** Calls `use` with a query of that shape. Replies 400 otherwise. */
export const withQuery = (request: Request, shape: Shape, use: (query: Query) => Reply): Reply => {
  const faults = faultsOf(shape, request.query)
  return faults.length > 0 ? invalid(faults) : use(request.query)
}
