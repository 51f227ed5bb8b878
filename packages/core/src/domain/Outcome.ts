/** The outcome of an attempt: what happens to the publication next. */

interface Why {
  /** A word for machines, as `OutcomeUnknown`. */
  readonly reason: string
  /** A sentence for people. */
  readonly message: string
}

/** Whether something may have been created: the next attempt then starts with a lookup. */
interface Uncertainty {
  readonly isUncertain: boolean
}

/** `When` says how long a retry or snooze takes: a rule while it is decided, a duration when it is stored. */
export type Outcome<When> =
  | {
      readonly _tag: "published"
      readonly remoteId: string
      readonly how: "published" | "adopted"
      readonly remark: string | null
    }
  /** Attempted again after a failure. `counts`: as one of the publication's `Timing.maxAttempts` attempts. */
  | (Why &
      Uncertainty & {
        readonly _tag: "retry"
        readonly due: When
        readonly counts: boolean
      })
  /** Attempted later, uncounted: nothing has failed, or the failure turned out to be global and is taken back. */
  | (Why & Uncertainty & { readonly _tag: "snooze"; readonly due: When })
  /** Released uncounted: publishing is paused. `why` is missing when the process was stopped. */
  | { readonly _tag: "release"; readonly why?: Why }
  | (Why & Uncertainty & { readonly _tag: "fail" })
  /** The gist or file was deleted, or became secret. */
  | (Why & { readonly _tag: "discard" })
  /** A rule leaves the file out. */
  | (Why & { readonly _tag: "skip" })

/** The item was created, or found. */
export type Published = Extract<Outcome<never>, { readonly _tag: "published" }>
export type Unpublished<When> = Exclude<Outcome<When>, Published>

/** The state in which an outcome leaves a publication. */
export const stateAfter = ({ _tag }: Outcome<unknown>): "published" | "pending" | "failed" | "gone" | "skipped" => {
  switch (_tag) {
    case "published":
      return "published"
    case "fail":
      return "failed"
    case "discard":
      return "gone"
    case "skip":
      return "skipped"
    default:
      return "pending"
  }
}
