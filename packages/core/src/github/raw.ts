/**
 * Reads the raw content of files: from GitHub's own hosts, each with a limit of its own.
 *
 * Guarantees: a refusal or an outage of a host of raw content blocks that host alone, and only for a while: content that
 * cannot be had for long is told as `Unavailable`, with a sentence, and never as a failure. The token goes to the API's own
 * origin only. A sign-in page is not taken for content.
 *
 * Hosts: https://docs.github.com/en/enterprise-server@latest/admin/configuring-settings/hardening-security-for-your-enterprise/enabling-subdomain-isolation
 */
import { Clock, DateTime, Duration, Effect } from "effect"
import { HttpClientRequest } from "effect/http"
import type { Content } from "../domain/GistFile.ts"
import * as Timing from "../domain/Timing.ts"
import type { Answer } from "../net/exchange.ts"
import * as Throttle from "../net/Throttle.ts"
import { classify, fail, type GithubError, minLimitWait, RateLimited, Unavailable } from "./errors.ts"
import type * as Access from "./transport.ts"

interface Host {
  readonly throttle: Throttle.Throttle
  /** Addresses that failed since the last answer. Two are a sign that the host is at fault. */
  readonly failing: Set<string>
  /** Limits and outages in a row. */
  blocks: number
  blockedAt: number
}

/** A content that is waited for longer than this is left out, and the file published as a link. */
const maxWait = Duration.minutes(5)

/** Reads of one address that may fail before its content is left out. */
const maxFailures = 3

/** Requests to one host at a time. No limit is documented. */
const concurrency = 4

/** A host that hangs holds up other files for no longer than this. */
const timeout = Duration.seconds(10)

const maxRedirects = 3

/** Addresses whose failures are remembered. */
const maxRemembered = 1_000

export const make = (access: ReturnType<typeof Access.make>, apiUrl: string) => {
  const api = new URL(apiUrl)
  const hosts = new Map<string, Host>()
  const failures = new Map<string, number>()

  const hostOf = (url: URL): Host => {
    const found = hosts.get(url.host)
    if (found !== undefined) return found
    const throttle = Throttle.make({ concurrency, patience: 0 })
    const host: Host = { throttle, failing: new Set(), blocks: 0, blockedAt: Number.NEGATIVE_INFINITY }
    hosts.set(url.host, host)
    return host
  }

  /** A block of a host, or what it means for a file when it lasts. */
  const waitFor = Effect.fnUntraced(function* (
    url: URL,
    until: number,
    message: string
  ): Effect.fn.Return<Content, GithubError> {
    const now = yield* Clock.currentTimeMillis
    if (until - now > Duration.toMillis(maxWait)) {
      return unavailable(`GitHub's host of raw content (${url.host}) does not give it at present`)
    }
    return yield* fail(
      new RateLimited({ message, resumeAt: DateTime.makeUnsafe(until), enforcedBy: "service" }),
      "host"
    )
  })

  /** Blocks a host. What left before the last block is no further sign. */
  const block = (host: Host, { least, now, startedAt }: { least: number; now: number; startedAt: number }): number => {
    if (host.blockedAt < startedAt) host.blocks++
    host.blockedAt = now
    const until = now + Math.max(least, minLimitWait(host.blocks))
    host.throttle.block(until, "GitHub's host of raw content is not asked again yet")
    return until
  }

  const failed = Effect.fnUntraced(function* (
    url: URL,
    error: GithubError,
    startedAt: number
  ): Effect.fn.Return<Content, GithubError> {
    const host = hostOf(url)
    host.failing.add(url.href)
    const now = yield* Clock.currentTimeMillis
    if (host.failing.size > 1) {
      block(host, { now, startedAt, least: Duration.toMillis(Timing.outageDelay(host.blocks + 1)) })
    }
    const times = (failures.get(url.href) ?? 0) + 1
    failures.delete(url.href)
    failures.set(url.href, times)
    for (const oldest of failures.keys()) {
      if (failures.size <= maxRemembered) break
      failures.delete(oldest)
    }
    if (times < maxFailures) return yield* error
    failures.delete(url.href)
    return unavailable(`GitHub's host of raw content (${url.host}) does not deliver it`)
  })

  const isRawHost = (url: URL): boolean =>
    url.username === "" &&
    url.password === "" &&
    ((url.protocol === "https:" && url.port === "" && /(^|\.)githubusercontent\.com$/.test(url.hostname)) ||
      // Enterprise Server with subdomain isolation. No token goes there.
      (url.protocol === api.protocol &&
        url.port === api.port &&
        (url.hostname === `raw.${api.hostname}` || url.hostname === `gist.${api.hostname}`)))

  return Effect.fnUntraced(function* (rawUrl: string, maxBytes: number): Effect.fn.Return<Content, GithubError> {
    if (!URL.canParse(rawUrl)) return unavailable("GitHub gave no usable address of it")
    const asked = new URL(rawUrl)
    let target = asked
    for (let hop = 0; hop <= maxRedirects; hop++) {
      const own = access.isOwn(target)
      if (!own && !isRawHost(target))
        return unavailable(`it is at a place that Gitpip does not read (${target.origin})`)
      // A redirect to a sign-in page leads away from the file.
      if (own && nameIn(target) !== nameIn(asked)) return unavailable("GitHub asks for a sign-in to show it")
      const host = hostOf(target)
      const request = HttpClientRequest.get(target.href, { headers })
      const startedAt = yield* Clock.currentTimeMillis
      const result = yield* Effect.result(
        access.pass(host.throttle, own ? access.authorize(request) : request, {
          timeout,
          maxBytes,
          whenFull: "fail",
          resource: "raw"
        })
      )
      if (result._tag === "Failure") {
        const { reason } = result.failure
        return reason._tag === "RateLimited"
          ? yield* waitFor(target, reason.resumeAt.epochMilliseconds, reason.message)
          : yield* fail(reason, "host").pipe(Effect.catch((error) => failed(target, error, startedAt)))
      }
      const { answer } = result.success
      const location = answer.headers.location
      if ([301, 302, 303, 307, 308].includes(answer.status) && location !== undefined) {
        if (!URL.canParse(location, target.href)) return unavailable("GitHub gave no usable address of it")
        target = new URL(location, target)
        continue
      }
      const now = yield* Clock.currentTimeMillis
      const { reason } = classify(answer, { _tag: "Gist", id: target.href }, now)
      if (answer.status !== 200 && reason._tag === "RateLimited") {
        const least = reason.resumeAt.epochMilliseconds - now
        return yield* waitFor(target, block(host, { least, now, startedAt: result.success.startedAt }), reason.message)
      }
      if (answer.status >= 500) {
        const error = new Unavailable({ message: `GitHub's host of raw content answers with HTTP ${answer.status}` })
        return yield* fail(error, "host").pipe(Effect.catch((error) => failed(target, error, startedAt)))
      }
      host.failing.clear()
      host.blocks = 0
      failures.delete(target.href)
      if (answer.status !== 200) return unavailable(`GitHub answers with HTTP ${answer.status} where it should be`)
      return isPage(answer) && !/\.x?html?$/i.test(nameIn(asked))
        ? unavailable("GitHub shows a page of its own in its place")
        : contentOf(answer)
    }
    return unavailable("GitHub redirects in circles")
  })
}

const headers = { "user-agent": "gitpip" }

const unavailable = (why: string): Content => ({ _tag: "Omitted", why: `it could not be read: ${why}` })

const nameIn = ({ pathname }: URL): string => pathname.slice(pathname.lastIndexOf("/") + 1)

const isPage = ({ headers }: Answer): boolean =>
  /^\s*(?:text\/html|application\/xhtml)/i.test(headers["content-type"] ?? "")

const contentOf = (answer: Answer): Content =>
  // Git's own rule for telling binary: a NUL within the first 8,000 bytes.
  answer.body.subarray(0, 8_000).includes(0)
    ? { _tag: "Binary" }
    : { _tag: "Text", text: new TextDecoder().decode(answer.body), partial: answer.cut }
