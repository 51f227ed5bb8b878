/** Reads a claimed file: from the cache of contents that the scan filled, else from GitHub. */
import { Cache, Duration, Effect, Exit, Option, Semaphore } from "effect"
import type { Content } from "../domain/GistFile.ts"
import type { ContentCache } from "../github/ContentCache.ts"
import type { Github, GithubError } from "../github/Github.ts"
import type { Claim } from "../store/Publications.ts"
import { contentInPlaceOf } from "./content.ts"
import type { Pausing } from "./pausing.ts"

/** A gist of more bytes is large: its answer may be that long. */
const wholeGist = 4 * 1024 * 1024

/** As much of a file as can fit into a note, escaped or not. */
const rawBytes = 128 * 1024

/** A file's content, with the description and type that its gist shows. */
export interface File {
  readonly content: Content
  readonly description: string | null
  readonly type: string | null
  /** Whether the gist was forked from another, where that is known. */
  readonly isFork: boolean | undefined
}

/** Reads a claimed file. `None` when the gist no longer has the file. */
export type Read = (claim: Claim) => Effect.Effect<Option.Option<File>, GithubError>

export const make = Effect.fnUntraced(function* ({
  contents,
  github,
  pausing
}: {
  readonly contents: ContentCache["Service"]
  readonly github: Github["Service"]
  readonly pausing: Pausing
}) {
  /** Large gists are read one at a time, which bounds memory. */
  const large = yield* Semaphore.make(1)

  /** Files of one gist are claimed next to each other: they share one read. */
  const gists = yield* Cache.makeWith(github.contents, {
    capacity: 16,
    timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.minutes(1) : Duration.zero)
  })

  const readGist = Effect.fnUntraced(function* ({ gistId, gistSize, userKey }: Claim) {
    const asked = Cache.get(gists, gistId)
    const gist = yield* gistSize > wholeGist ? large.withPermit(asked) : asked
    pausing.pauses.succeeded("github", { user: userKey, key: gistId })
    // When the database does not store this, the next answer does.
    yield* Effect.ignore(pausing.accepted("github"))
    return gist
  })

  return Effect.fnUntraced(function* (claim: Claim): Effect.fn.Return<Option.Option<File>, GithubError> {
    const { filename, gistId, skipIfFork, type } = claim
    const cached = yield* contents.take(claim)
    if (Option.isSome(cached) && (skipIfFork === null || cached.value.isFork !== undefined)) {
      const { description, isFork, text } = cached.value
      return Option.some({ content: { _tag: "Text", text, partial: false }, description, type, isFork })
    }
    // Only the gist's own answer says whether the gist is public.
    const gist = yield* readGist(claim)
    const found = yield* github.contentOf(gist, { filename, maxBytes: rawBytes }).pipe(
      Effect.catchTag("GithubError", (error) => {
        const omitted = contentInPlaceOf(claim, error)
        return omitted === undefined ? Effect.fail(error) : Effect.succeed(Option.some(omitted))
      })
    )
    // The cached gist may be older than the file: the next attempt reads the gist again.
    if (Option.isNone(found)) yield* Cache.invalidate(gists, gistId)
    return Option.map(found, (content) => ({
      content,
      description: gist.description,
      isFork: gist.isFork,
      // A batch does not report the type.
      type: type ?? gist.types.get(filename) ?? null
    }))
  })
})
