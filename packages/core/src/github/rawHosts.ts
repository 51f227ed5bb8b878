/**
 * The hosts of raw content: each has a throttle, limits and outages of its own.
 *
 * A content that has to wait for long is left out, so that its file is published as a link.
 */
import { Clock, DateTime, Duration, Effect } from "effect"
import type { Content } from "../domain/GistFile.ts"
import * as Timing from "../domain/Timing.ts"
import * as Throttle from "../limits/Throttle.ts"
import { minLimitWait } from "./classify.ts"
import { fail, type GithubError, RateLimited } from "./errors.ts"

/** A host of raw content, with what its last answers showed. */
export interface Host {
  readonly throttle: Throttle.Throttle
  /** Addresses that failed since the last answer. Two are a sign that the host is at fault. */
  readonly failing: Set<string>
  /** Limits and outages in a row. */
  blocks: number
  /** Epoch milliseconds. */
  blockedAt: number
}

/** A content that has to wait longer than this is left out, and its file is published as a link. */
const maxWait = Duration.minutes(5)

/** Reads of one address that may fail before its content is left out. */
const maxFailures = 3

/** Requests to one host at a time. No limit is documented. */
const concurrency = 4

/** Addresses whose failures are remembered. */
const maxRemembered = 1_000

/** A content that is left out, with the reason that the activity shows. */
export const omitted = (why: string): Content => ({ _tag: "Omitted", why: `it could not be read: ${why}` })

/**
 * Which addresses hold raw content: GitHub's own hosts, and those of an Enterprise Server with subdomain isolation. The token
 * goes to none of them.
 */
export const isRawHost = (url: URL, api: URL): boolean =>
  url.username === "" &&
  url.password === "" &&
  ((url.protocol === "https:" && url.port === "" && /(^|\.)githubusercontent\.com$/.test(url.hostname)) ||
    (url.protocol === api.protocol &&
      url.port === api.port &&
      (url.hostname === `raw.${api.hostname}` || url.hostname === `gist.${api.hostname}`)))

/** Hosts of which nothing is known yet. */
export const make = () => {
  const hosts = new Map<string, Host>()
  const failures = makeFailures()

  const hostOf = (url: URL): Host => {
    const found = hosts.get(url.host)
    if (found !== undefined) return found
    const throttle = Throttle.make({ concurrency, patience: 0 })
    const host: Host = { throttle, failing: new Set(), blocks: 0, blockedAt: Number.NEGATIVE_INFINITY }
    hosts.set(url.host, host)
    return host
  }

  return {
    hostOf,
    waitFor,
    /** A limit of the host: blocks the host for that long at least. */
    limited: Effect.fnUntraced(function* (url: URL, reason: RateLimited, startedAt: number) {
      const now = yield* Clock.currentTimeMillis
      const minWait = reason.resumeAt.epochMilliseconds - now
      const until = block(hostOf(url), { minWait, now, startedAt })
      return yield* waitFor(url, { message: reason.message, resumeAt: DateTime.makeUnsafe(until) })
    }),
    /** No answer, or an outage: fails, and leaves the content out after some times. */
    failed: Effect.fnUntraced(function* (
      url: URL,
      reason: GithubError["reason"],
      startedAt: number
    ): Effect.fn.Return<Content, GithubError> {
      const host = hostOf(url)
      host.failing.add(url.href)
      const now = yield* Clock.currentTimeMillis
      if (host.failing.size > 1) {
        block(host, { now, startedAt, minWait: Duration.toMillis(Timing.outageDelay(host.blocks + 1)) })
      }
      if (failures.count(url) < maxFailures) return yield* fail(reason, "host")
      failures.forget(url)
      return omitted(`GitHub's host of raw content (${url.host}) does not deliver it`)
    }),
    answered: (url: URL): void => {
      const host = hostOf(url)
      host.failing.clear()
      host.blocks = 0
      failures.forget(url)
    }
  }
}

/** Blocks a host. A request that left before the last block is no further sign. */
const block = (
  host: Host,
  { minWait, now, startedAt }: { readonly minWait: number; readonly now: number; readonly startedAt: number }
): number => {
  if (host.blockedAt < startedAt) host.blocks++
  host.blockedAt = now
  const until = now + Math.max(minWait, minLimitWait(host.blocks))
  host.throttle.block(until, "its host of raw content answered with a limit or a fault")
  return until
}

/** Waits for the end of a block, or leaves the content out when the block lasts. */
const waitFor = Effect.fnUntraced(function* (
  url: URL,
  { message, resumeAt }: Pick<RateLimited, "message" | "resumeAt">
): Effect.fn.Return<Content, GithubError> {
  const now = yield* Clock.currentTimeMillis
  if (resumeAt.epochMilliseconds - now > Duration.toMillis(maxWait)) {
    return omitted(`GitHub's host of raw content (${url.host}) does not give it at present`)
  }
  return yield* fail(new RateLimited({ message, resumeAt, enforcedBy: "service" }), "host")
})

/** How often reads of an address failed in a row. The oldest addresses are forgotten. */
const makeFailures = () => {
  const failures = new Map<string, number>()
  return {
    /** Counts a failure, and answers how many there were in a row. */
    count: ({ href }: URL): number => {
      const times = (failures.get(href) ?? 0) + 1
      failures.delete(href)
      failures.set(href, times)
      for (const oldest of failures.keys()) {
        if (failures.size <= maxRemembered) break
        failures.delete(oldest)
      }
      return times
    },
    forget: ({ href }: URL): void => void failures.delete(href)
  }
}
