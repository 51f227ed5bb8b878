/** Spans of what runs for each file and check, and every span attribute. `docs/metrics.md` lists the names, and a test compares. */
import { Effect, References, type Tracer } from "effect"

/**
 * Runs an effect in a span where somebody reads spans, and bare otherwise. `Effect.withSpan` and a named `Effect.fn` capture
 * a stack and change the context for a span that nobody reads, too.
 */
export const inSpan =
  (name: string, options?: () => Tracer.SpanOptions) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(References.TracerEnabled, (isRead) =>
      isRead ? (Effect.withSpan(effect, name, options?.()) as Effect.Effect<A, E, R>) : effect
    )

/** Attributes that spans of scans and of publications share, so that one leads to the other. */
export const attributes = {
  scan: "gitpip.scan",
  user: "gitpip.user",
  file: "gitpip.file",
  files: "gitpip.files",
  publication: "gitpip.publication",
  outcome: "gitpip.outcome"
} as const
