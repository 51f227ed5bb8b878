/**
 * Reads lists of gists: a user's, and the public feed.
 *
 * Guarantee: a list never fails because one gist of it cannot be read.
 */
import { Effect, Option, Schema } from "effect"
import { storableName } from "../domain/Text.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { Api } from "./api.ts"
import { fail, Unexpected } from "./errors.ts"
import type { Read } from "./read.ts"
import type { FeedPage, GistPage } from "./types.ts"
import { decode, decodeListedGist, isPublic, listedFiles, nextLink, ownerOf, timestamp } from "./wire.ts"

/** 100 gists of up to 300 files each, at some 400 bytes a file. */
export const maxPageBytes = 16 * 1024 * 1024

const readGists = Effect.fnUntraced(function* (answer: Read, isOwn: (url: URL) => boolean) {
  const gists = yield* decode(Schema.Array(Schema.Unknown), answer)
  const next = yield* Effect.fromResult(nextLink(answer.headers.link, answer.url)).pipe(
    Effect.catch((message) => fail(new Unexpected({ message })))
  )
  if (Option.isSome(next) && !isOwn(next.value)) {
    return yield* fail(
      new Unexpected({ message: `GitHub's next page is elsewhere (${next.value.origin}), which is not followed` })
    )
  }
  const decoded = yield* Effect.forEach(gists.filter(isPublic), (gist) => Effect.option(decodeListedGist(gist)))
  const skipped = decoded.filter(Option.isNone).length
  if (skipped > 0) yield* Telemetry.log("Warn", "gists.skipped", { gists: skipped })
  return {
    gists: decoded.flatMap(Option.toArray),
    owner: ownerOf(gists),
    etag: Option.fromNullishOr(answer.headers.etag),
    next
  }
})

/** Reads of a user's list and of the public feed, page by page. A gist that cannot be read is skipped. */
export const make = (api: Api, apiUrl: string) => {
  const { isOwn } = api.transport

  const readPage = Effect.fnUntraced(function* (answer: Read) {
    const { gists, ...page } = yield* readGists(answer, isOwn)
    // GitHub shows 300 files of a gist: https://docs.github.com/en/rest/gists/gists#truncation
    for (const { html_url } of gists.filter(({ truncated }) => truncated === true)) {
      yield* Telemetry.log("Warn", "gist.truncated", { file: html_url })
    }
    return { ...page, files: gists.flatMap(listedFiles) } satisfies GistPage
  })

  const readFeed = Effect.fnUntraced(function* (answer: Read) {
    const { gists, ...page } = yield* readGists(answer, isOwn)
    return {
      ...page,
      gists: gists.map((gist) => ({
        gistId: storableName(gist.id),
        owner: Option.fromNullishOr(gist.owner),
        updatedAt: timestamp(gist.updated_at),
        filenames: Object.keys(gist.files).map(storableName)
      }))
    } satisfies FeedPage
  })

  return {
    gists: Effect.fnUntraced(function* (login: string, etag: Option.Option<string>, pageSize: number = 100) {
      const answer = yield* api.read(`${apiUrl}/users/${encodeURIComponent(login)}/gists?per_page=${pageSize}`, {
        etag: Option.getOrUndefined(etag),
        maxBytes: maxPageBytes,
        subject: { _tag: "User", login }
      })
      return answer.status === 304 ? Option.none() : Option.some(yield* readPage(answer))
    }, Telemetry.inSpan("Github.gists")),
    page: Effect.fn("Github.page")(function* (next: URL) {
      const subject = { _tag: "Page", of: next.pathname } as const
      return yield* readPage(yield* api.read(next.href, { maxBytes: maxPageBytes, subject }))
    }),
    feed: Effect.fn("Github.feed")(function* (etag: Option.Option<string>) {
      const answer = yield* api.read(`${apiUrl}/gists/public?per_page=100`, {
        etag: Option.getOrUndefined(etag),
        maxBytes: maxPageBytes,
        subject: { _tag: "Feed" }
      })
      return answer.status === 304 ? Option.none() : Option.some(yield* readFeed(answer))
    }),
    feedPage: Effect.fn("Github.feedPage")(function* (next: URL) {
      return yield* readFeed(yield* api.read(next.href, { maxBytes: maxPageBytes, subject: { _tag: "Feed" } }))
    })
  }
}
