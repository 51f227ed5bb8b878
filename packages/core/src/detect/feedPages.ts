/** Reads the public feed from the newest gist to one that the poll before saw. */
import { Effect, Option } from "effect"
import type { FeedGist, FeedPage, Github } from "../github/Github.ts"
import type { FeedPosition } from "../store/FeedPositions.ts"

/** The feed ends here: https://docs.github.com/en/rest/gists/gists#list-public-gists */
const maxPages = 30

const pageSize = 100

/** A feed with other gists than at the last poll. */
export interface ChangedFeed {
  readonly gists: ReadonlyMap<string, FeedGist>
  readonly pages: number
  readonly etag: Option.Option<string>
  /** Whether gists may have passed by unseen. */
  readonly gap: boolean
}

/** A gist in the state that the feed shows. A changed gist has another identity. */
export const identity = ({ gistId, updatedAt }: FeedGist): string => `${gistId} ${updatedAt}`

/** The gists down to the newest one of the last poll. `None` when the feed has not changed. */
export const readFeed = Effect.fnUntraced(function* (github: Github["Service"], position: FeedPosition) {
  const seen = new Set(position.seen)
  const first = yield* github.feed(Option.fromNullishOr(position.etag))
  if (Option.isNone(first)) return Option.none<ChangedFeed>()
  const gists = new Map<string, FeedGist>()
  let page: FeedPage = first.value
  for (let pages = 1; ; pages++) {
    for (const gist of page.gists) gists.set(identity(gist), gist)
    const last = page.gists.at(-1)
    const met = last === undefined || seen.has(identity(last)) || position.polledAt === null
    // A page that is not full is the feed's last one.
    const whole = Option.isNone(page.next) && page.gists.length < pageSize
    if (met || whole || Option.isNone(page.next) || pages === maxPages) {
      return Option.some<ChangedFeed>({ gists, pages, etag: first.value.etag, gap: !met && !whole })
    }
    page = yield* github.feedPage(page.next.value)
  }
})
