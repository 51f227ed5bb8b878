/**
 * One read of GitHub's REST API: redirects within the API are followed, and what is not a success becomes an error.
 *
 * `classify.ts` says what a response means, and `limit.ts` what a limit blocks. `access.ts` judges refusals.
 */
import { Clock, Duration, Effect } from "effect"
import { HttpClientRequest } from "effect/http"
import type { Answer } from "../net/exchange.ts"
import { classify, type Subject } from "./classify.ts"
import { fail, type GithubError, Unexpected } from "./errors.ts"
import type { GithubLimit } from "./limit.ts"
import { aboutOf, limitedThing } from "./refusals.ts"
import type { Transport } from "./transport.ts"

/** What is asked for, and the bytes that a 2xx body may have. */
export interface ReadOptions {
  /** The ETag of what is known. An ETag belongs to the token that got it: with another token, GitHub sends the whole answer. */
  readonly etag?: string | undefined
  readonly maxBytes: number
  readonly subject: Subject
}

/** A response, and the address that gave it after redirects. */
export interface Read extends Answer {
  readonly url: URL
}

/** Reads of the API, under the limit of requests. */
export interface Reader {
  readonly read: (url: string, options: ReadOptions) => Effect.Effect<Read, GithubError>
  /** Whether the last response reported no limit of requests at all. */
  readonly isUnlimited: () => boolean
}

const readTimeout = Duration.seconds(30)
const maxRedirects = 3

/** The headers of every request to the API. */
export const apiHeaders = {
  accept: "application/vnd.github+json",
  "user-agent": "gitpip",
  // Always named: without it a retired version would change what is answered. It must not vary, or every ETag would.
  "x-github-api-version": "2022-11-28"
}

/** Where a response redirects to, if it does. */
export const redirectOf = ({ headers, status }: Answer): string | undefined =>
  [301, 302, 303, 307, 308].includes(status) ? headers.location : undefined

/** A reader that follows redirects within the API's own origin only, since the token goes along. */
export const make = (transport: Transport, limit: GithubLimit): Reader => {
  let isUnlimited = false

  /** An Enterprise Server without limits sends no such headers, and answers 404 to a request for its limits. */
  const noteUnlimited = ({ headers, status }: Answer, { pathname }: URL): void => {
    if (status < 400 || (status === 404 && pathname.endsWith("/rate_limit"))) {
      isUnlimited = headers["x-ratelimit-limit"] === undefined
    }
  }

  const get = Effect.fnUntraced(function* (target: URL, { etag, maxBytes, subject }: ReadOptions) {
    if (!transport.isOwn(target)) {
      return yield* fail(
        new Unexpected({ message: `GitHub pointed to another place (${target.origin}), which is not followed` })
      )
    }
    const request = transport.authorize(HttpClientRequest.get(target.href, { headers: apiHeaders }))
    return yield* transport.send(
      etag === undefined ? request : HttpClientRequest.setHeader(request, "if-none-match", etag),
      {
        throttle: limit.throttle,
        timeout: readTimeout,
        maxBytes,
        // A scan has nothing else to do than its next check. A publisher reports its wait, and does other things.
        whenFull: aboutOf(subject).kind === "gist" ? "fail" : "wait",
        onHead: limit.noteHeaders
      }
    )
  })

  const read = Effect.fnUntraced(function* (url: string, options: ReadOptions): Effect.fn.Return<Read, GithubError> {
    const thing = limitedThing(options.subject)
    yield* limit.admit(thing)
    let target = new URL(url)
    for (let hop = 0; hop <= maxRedirects; hop++) {
      const { answer, startedAt } = yield* get(target, options)
      noteUnlimited(answer, target)
      const location = redirectOf(answer)
      if (location !== undefined && URL.canParse(location, target.href)) {
        target = new URL(location, target)
        continue
      }
      if (answer.status === 200 || answer.status === 304) {
        limit.accept({ startedAt, thing })
        return { ...answer, url: target }
      }
      const now = yield* Clock.currentTimeMillis
      // What a redirect leads to says nothing about whether the subject exists.
      const subject = hop === 0 ? options.subject : ({ _tag: "Page", of: target.pathname } as const)
      return yield* limit.failWith(classify(answer, subject, now), { startedAt, thing })
    }
    return yield* fail(new Unexpected({ message: "GitHub redirects in circles" }))
  })

  return { read, isUnlimited: () => isUnlimited }
}
