/**
 * The spans of this process's latest scans, so that the span of a publication can link to the scan that found the file. A
 * file that waits longer, or that another process found, has the scan's number as an attribute instead.
 */
import { Context, Effect, Layer, Option, Tracer } from "effect"

const remembered = 100

/** Finds a scan's span by the scan's number, for the latest 100 scans of this process. */
export class ScanSpans extends Context.Service<
  ScanSpans,
  {
    /** Notes the current span as this scan's. */
    readonly note: (scan: number) => Effect.Effect<void>
    readonly find: (scan: number) => Option.Option<Tracer.AnySpan>
  }
>()("gitpip/ScanSpans") {
  static readonly layer = Layer.sync(ScanSpans, () => {
    const spans = new Map<number, Tracer.AnySpan>()
    return {
      note: (scan) =>
        Effect.map(Effect.option(Effect.currentSpan), (span) => {
          if (Option.isNone(span)) return
          const { sampled, spanId, traceId } = span.value
          spans.set(scan, Tracer.externalSpan({ sampled, spanId, traceId }))
          const [oldest] = spans.keys()
          if (spans.size > remembered && oldest !== undefined) spans.delete(oldest)
        }),
      find: (scan) => Option.fromUndefinedOr(spans.get(scan))
    }
  })
}
