/** Error bodies as GitHub writes them. */
import { jsonReply, type Reply } from "../reply.ts"

export const DOCS = "https://docs.github.com/rest"

export const refusal = (status: number, message: string): Reply =>
  jsonReply(status, { message, documentation_url: DOCS, status: `${status}` })

export const notFound = (): Reply => refusal(404, "Not Found")
