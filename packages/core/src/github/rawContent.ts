/**
 * Reads the raw content of files from GitHub's own hosts.
 *
 * Guarantees: a refusal or an outage of a host of raw content blocks that host alone, and only for a while. Content that
 * stays out of reach becomes `Omitted`, with a sentence, and never a failure. The token goes to the API's own origin only.
 * A sign-in page is not taken for content.
 *
 * Hosts: https://docs.github.com/en/enterprise-server@latest/admin/configuring-settings/hardening-security-for-your-enterprise/enabling-subdomain-isolation
 */
import { Clock, Duration, Effect } from "effect"
import { HttpClientRequest } from "effect/http"
import type { Content } from "../domain/GistFile.ts"
import type { Answer } from "../net/exchange.ts"
import { classify } from "./classify.ts"
import { type GithubError, RateLimited, Unavailable } from "./errors.ts"
import * as RawHosts from "./rawHosts.ts"
import { omitted } from "./rawHosts.ts"
import { redirectOf } from "./read.ts"
import type { Exchanged, Transport } from "./transport.ts"

/** A host that hangs delays other files for no longer than this. */
const timeout = Duration.seconds(10)

const maxRedirects = 3

const headers = { "user-agent": "gitpip" }

const noAddress = omitted("GitHub gave no usable address of it")

/**
 * Makes the read of one file's beginning.
 *
 * @param apiUrl the address of GitHub's API, which names the hosts of an Enterprise Server
 */
export const make = (transport: Transport, apiUrl: string) => {
  const api = new URL(apiUrl)
  const hosts = RawHosts.make()

  const send = (target: URL, maxBytes: number): Effect.Effect<Exchanged, GithubError> => {
    const request = HttpClientRequest.get(target.href, { headers })
    return transport.send(transport.isOwn(target) ? transport.authorize(request) : request, {
      throttle: hosts.hostOf(target).throttle,
      timeout,
      maxBytes,
      whenFull: "fail"
    })
  }

  /** The content that a response holds, or an error of its host. */
  const judge = Effect.fnUntraced(function* (
    { answer, startedAt }: Exchanged,
    target: URL,
    asked: URL
  ): Effect.fn.Return<Content, GithubError> {
    if (answer.status !== 200) {
      const { reason } = classify(answer, { _tag: "Gist", id: target.href }, yield* Clock.currentTimeMillis)
      if (reason instanceof RateLimited) return yield* hosts.limited(target, reason, startedAt)
    }
    if (answer.status >= 500) {
      const message = `GitHub's host of raw content answers with HTTP ${answer.status}`
      return yield* hosts.failed(target, new Unavailable({ message }), startedAt)
    }
    hosts.answered(target)
    if (answer.status !== 200) return omitted(`GitHub answered HTTP ${answer.status} for the raw file`)
    return isPage(answer) && !/\.x?html?$/i.test(nameIn(asked))
      ? omitted("GitHub shows a page of its own in its place")
      : contentOf(answer)
  })

  const read = Effect.fnUntraced(function* (
    asked: URL,
    { hop, maxBytes, target }: { readonly target: URL; readonly maxBytes: number; readonly hop: number }
  ): Effect.fn.Return<Content, GithubError> {
    if (hop > maxRedirects) return omitted("GitHub redirects in circles")
    const why = transport.isOwn(target) ? whyUnreadHere(target, asked) : whyUnreadAt(target, api)
    if (why !== undefined) return omitted(why)
    const leftAt = yield* Clock.currentTimeMillis
    return yield* Effect.matchEffect(send(target, maxBytes), {
      onFailure: ({ reason }) =>
        reason instanceof RateLimited ? hosts.waitFor(target, reason) : hosts.failed(target, reason, leftAt),
      onSuccess: (exchanged) => {
        const location = redirectOf(exchanged.answer)
        if (location === undefined) return judge(exchanged, target, asked)
        const next = URL.parse(location, target.href)
        return next === null ? Effect.succeed(noAddress) : read(asked, { target: next, maxBytes, hop: hop + 1 })
      }
    })
  })

  return (rawUrl: string, maxBytes: number): Effect.Effect<Content, GithubError> => {
    const asked = URL.parse(rawUrl)
    return asked === null ? Effect.succeed(noAddress) : read(asked, { target: asked, maxBytes, hop: 0 })
  }
}

/** Why the address of a file is not read at GitHub's own origin, if it is not. */
const whyUnreadHere = (target: URL, asked: URL): string | undefined =>
  // A redirect to a sign-in page leads away from the file.
  nameIn(target) === nameIn(asked) ? undefined : "GitHub asks for a sign-in to show it"

/** Why an address at another host is not read, if it is not. */
const whyUnreadAt = (target: URL, api: URL): string | undefined =>
  RawHosts.isRawHost(target, api) ? undefined : `it is at a place that Gitpip does not read (${target.origin})`

const nameIn = ({ pathname }: URL): string => pathname.slice(pathname.lastIndexOf("/") + 1)

const isPage = ({ headers }: Answer): boolean =>
  /^\s*(?:text\/html|application\/xhtml)/i.test(headers["content-type"] ?? "")

const contentOf = (answer: Answer): Content =>
  // Git's own rule for binary files: a NUL within the first 8,000 bytes.
  answer.body.subarray(0, 8_000).includes(0)
    ? { _tag: "Binary" }
    : { _tag: "Text", text: new TextDecoder().decode(answer.body), partial: answer.cut }
