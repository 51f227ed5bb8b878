/** Conditional requests: validators, and `304` for what has not changed. */
import { createHash } from "node:crypto"
import type { FakeRequest } from "../../FakeService.ts"
import { JSON_TYPE, type Reply } from "../reply.ts"
import type { GithubRoute } from "./routes.ts"
import type { Subject } from "./subjects.ts"
import type { ApiVersion } from "./wire.ts"

/** A request with the version of the API that answers it. */
export interface Call {
  readonly request: FakeRequest<GithubRoute>
  readonly version: ApiVersion
}

export interface Content {
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The validator hashes what GitHub's does (https://github.com/bored-engineer/github-conditional-http-transport): the
 * body, and the `Accept` and `Authorization` of the request. So another token never gets a `304` for it.
 *
 * A subject keeps the validators of its list until the list changes, so a `304` costs no body.
 */
export const conditional = ({ request, version }: Call, build: () => Content, subject?: Subject): Reply => {
  const { accept = "", authorization = "", "if-none-match": asked } = request.headers
  const key = `${request.path}\n${JSON.stringify(request.query)}\n${version}\n${accept}\n${authorization}`
  const known = subject?.etags.get(key)
  // Without `Link`, as recorded of some: a client keeps the next page with the validator.
  const unchanged = (etag: string): Reply => ({ status: 304, headers: { etag, ...cacheHeaders(authorization) } })
  if (known !== undefined && matches(asked, known)) return unchanged(known)
  const { body, headers } = build()
  const etag = known ?? `W/"${createHash("sha256").update(`${accept}:${authorization}:`).update(body).digest("hex")}"`
  subject?.etags.set(key, etag)
  if (matches(asked, etag)) return unchanged(etag)
  return { status: 200, headers: { "content-type": JSON_TYPE, etag, ...cacheHeaders(authorization), ...headers }, body }
}

const cacheHeaders = (authorization: string) => ({
  "cache-control": `${authorization === "" ? "public" : "private"}, max-age=60, s-maxage=60`,
  vary: "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, Accept, X-Requested-With"
})

const matches = (asked: string | undefined, etag: string): boolean =>
  asked === etag || (asked?.split(",").some((one) => opaque(one) === opaque(etag)) ?? false)

const opaque = (etag: string): string => etag.trim().replace(/^W\//, "")
