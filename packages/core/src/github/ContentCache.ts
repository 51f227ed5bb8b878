/**
 * Texts that came along with a look, kept until they are published, so that publishing a new file needs no read of its own.
 * Only ever a saving: what is not here, or not any more, is read from GitHub.
 *
 * Effect's `Cache` is not used since it bounds how many values it keeps, not how large they are.
 */
import { Clock, Context, Duration, Effect, Layer, Option } from "effect"

export interface CachedFile {
  readonly gistId: string
  readonly filename: string
}

export interface CachedContent {
  readonly text: string
  readonly description: string | null
}

/** Bytes, as far as strings take two for each unit. The oldest go first. */
const capacity = 32 * 1024 * 1024

/**
 * A text that waits longer is read again: the gist may have changed, become secret or be gone. GitHub itself may answer from
 * a cache that is a minute old (`s-maxage=60`, recorded), so a shorter time would prove no more.
 */
const freshness = Duration.minutes(1)

export class ContentCache extends Context.Service<
  ContentCache,
  {
    readonly put: (file: CachedFile, content: CachedContent) => Effect.Effect<void>
    /** Once: a second try at publishing a file reads what it holds by then. */
    readonly take: (file: CachedFile) => Effect.Effect<Option.Option<CachedContent>>
  }
>()("gitpip/ContentCache") {
  static readonly layer: Layer.Layer<ContentCache> = Layer.sync(ContentCache, () => {
    const kept = new Map<string, CachedContent & { readonly at: number; readonly size: number }>()
    let total = 0
    const drop = (key: string) => {
      total -= kept.get(key)?.size ?? 0
      kept.delete(key)
    }
    return {
      put: (file, { description, text }) =>
        Effect.map(Clock.currentTimeMillis, (at) => {
          const key = keyOf(file)
          drop(key)
          const size = 2 * (key.length + text.length + (description?.length ?? 0)) + overhead
          if (size > capacity) return
          kept.set(key, { text, description, at, size })
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
          return found === undefined || Math.abs(now - found.at) > Duration.toMillis(freshness)
            ? Option.none()
            : Option.some({ text: found.text, description: found.description })
        })
    }
  })
}

/** Of an entry, beside its strings. */
const overhead = 200

const keyOf = ({ filename, gistId }: CachedFile): string => JSON.stringify([gistId, filename])
