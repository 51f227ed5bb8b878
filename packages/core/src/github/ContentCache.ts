/**
 * Texts that came with a check, kept until their files are published, so that publishing a new file needs no read.
 * Only a saving: a text that is not in the cache is read from GitHub.
 *
 * Effect's `Cache` is not used, because it bounds the number of values and not their size.
 */
import { Clock, Context, Duration, Effect, Layer, Option } from "effect"

/** A file's identity in the cache. */
export interface CachedFile {
  readonly gistId: string
  readonly filename: string
}

/** A file's whole text, and the description of its gist. */
export interface CachedContent {
  readonly text: string
  readonly description: string | null
  /** Whether the gist was forked from another. Missing when the check did not show it. */
  readonly isFork?: boolean | undefined
}

/** Bytes, if strings take two for each unit. The oldest texts are dropped first. */
const capacity = 32 * 1024 * 1024

/**
 * A text that waits longer is read again: the gist may have changed, become secret or be gone. A shorter time would prove no
 * more, because GitHub itself may answer from a cache that is a minute old (`s-maxage=60`, recorded).
 */
const freshness = Duration.minutes(1)

/** Texts by gist and file name. A full cache drops the oldest texts; a text older than a minute is not answered. */
export class ContentCache extends Context.Service<
  ContentCache,
  {
    readonly put: (file: CachedFile, content: CachedContent) => Effect.Effect<void>
    /** Answers a text once, so that a second attempt at publishing a file reads the file's present content. */
    readonly take: (file: CachedFile) => Effect.Effect<Option.Option<CachedContent>>
  }
>()("gitpip/ContentCache") {
  static readonly layer: Layer.Layer<ContentCache> = Layer.sync(ContentCache, () => {
    const kept = new Map<string, Kept>()
    let total = 0
    const drop = (key: string) => {
      total -= kept.get(key)?.size ?? 0
      kept.delete(key)
    }
    return {
      put: (file, content) =>
        Effect.map(Clock.currentTimeMillis, (at) => {
          const key = keyOf(file)
          drop(key)
          const { description, text } = content
          const size = 2 * (key.length + text.length + (description?.length ?? 0)) + overhead
          if (size > capacity) return
          kept.set(key, { content, at, size })
          total += size
          for (const oldest of kept.keys()) {
            if (total <= capacity) break
            drop(oldest)
          }
        }),
      take: (file) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const key = keyOf(file)
          const found = kept.get(key)
          drop(key)
          return isFresh(found, now) ? Option.some(found.content) : Option.none()
        })
    }
  })
}

interface Kept {
  readonly content: CachedContent
  readonly at: number
  readonly size: number
}

const isFresh = (kept: Kept | undefined, now: number): kept is Kept =>
  kept !== undefined && Math.abs(now - kept.at) <= Duration.toMillis(freshness)

/** Bytes of an entry beside its strings. */
const overhead = 200

const keyOf = ({ filename, gistId }: CachedFile): string => JSON.stringify([gistId, filename])
