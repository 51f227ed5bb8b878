/**
 * The way to GitHub's API, for reads and for queries.
 *
 * Guarantees: requests and the points of queries have a throttle each, so that limits are obeyed before they are hit, and
 * GitHub's secondary limit, which is partly of both, blocks both; the token goes to the API's own origin only; redirects are
 * followed there only; every body is bounded.
 *
 * One exchange: transport.ts. What a response means: classify.ts. Whose limit it is: limit.ts. Whose refusal: access.ts.
 */
import { createHash } from "node:crypto"
import { Duration, Effect, Option, Redacted } from "effect"
import type { HttpClient } from "effect/http"
import type { Quotas } from "../limits/SharedQuota.ts"
import * as Throttle from "../limits/Throttle.ts"
import * as Access from "./access.ts"
import * as Graphql from "./graphql.ts"
import * as Limit from "./limit.ts"
import * as Read from "./read.ts"
import { aboutOf } from "./refusals.ts"
import * as Transport from "./transport.ts"

/** GitHub allows 100 requests at a time for everything that shares the token; a fifth of that leaves room for others. */
const concurrency = 20

/** Waits up to this long happen inside the client; longer ones are reported to the caller. */
const patience = Duration.seconds(30)

/** GitHub's limit of 900 points a minute, of which a read costs one. GitHub does not document whether a 304 costs one, so it counts. */
export const pointsPerMinute = { limit: 900, millis: 60_000 }

export type Api = ReturnType<typeof make>

/** Access to GitHub's API with one token: reads, queries, and the limits of both. All requests of a process use one. */
export const make = ({
  apiUrl,
  client,
  quotas,
  token
}: {
  readonly client: HttpClient.HttpClient
  readonly apiUrl: string
  readonly token: Option.Option<Redacted.Redacted>
  readonly quotas: Quotas
}) => {
  const secret = Option.match(token, { onNone: () => "", onSome: Redacted.value })
  const fingerprint = createHash("sha256").update(`${apiUrl}\n${secret}`).digest("hex").slice(0, 16)
  const limitKey = `github:${fingerprint}`
  const transport = Transport.make(client, apiUrl, token)
  const throttle = Throttle.make({ concurrency, patience, quota: quotas.quota(limitKey) })
  // One query at a time: GitHub allows a minute of computing in a minute, and measures it by the time of the answer.
  const pointsThrottle = Throttle.make({ concurrency: 1, patience: 0 })
  const requests = Limit.make({
    throttle,
    other: pointsThrottle,
    resource: "core",
    window: pointsPerMinute
  })
  const points = Limit.make({
    throttle: pointsThrottle,
    other: throttle,
    resource: "graphql"
  })
  const reader = Read.make(transport, requests)
  const sendQuery = Graphql.make(apiUrl, transport, points)
  const access = Access.make({
    hasToken: Option.isSome(token),
    probe: reader.read(`${apiUrl}/gists/public?per_page=1`, { maxBytes: 1024 * 1024, subject: { _tag: "Feed" } })
  })

  return {
    transport,
    read: (url: string, options: Read.ReadOptions) =>
      access.judgeRefusals(aboutOf(options.subject), reader.read(url, options)),
    /** A read that is sent in spite of a known refusal, and that is no evidence. */
    readAnyway: (url: string, options: Read.ReadOptions) => access.noteAcceptance(reader.read(url, options)),
    query: (query: Graphql.Query) => access.sendUnlessAllRefused(sendQuery(query)),
    /** Names the limits that apply, without naming the token: the same for all who share them. */
    limitKey,
    pointsLimitKey: `github-points:${fingerprint}`,
    isUnlimited: reader.isUnlimited,
    requests: {
      limits: Effect.map(requests.state, (state) => {
        const refused = access.globalBlock()
        return refused !== undefined && refused.until > state.blockedUntil
          ? { ...state, blockedUntil: refused.until, why: refused.error.message }
          : state
      }),
      block: requests.restore
    },
    points: { limits: points.state, block: points.restore },
    refused: Effect.sync(access.refusal)
  }
}
