/** Publications that failed as refused. When a refusal turns out to be global, these failures are taken back. */
import type { Claim } from "../store/Publications.ts"

/** A publication that failed as refused, and why. */
interface Refusal {
  readonly claim: Claim
  /** Equal for similar refusals. */
  readonly signature: string
  readonly reason: string
  readonly message: string
}

/** Refusals that are remembered. */
const capacity = 100

export const make = () => {
  /** Refusals since the last success. */
  let recent: ReadonlyArray<Refusal> = []
  /** Those that turned out to be global. */
  let wrong: ReadonlyArray<Refusal> = []

  return {
    add: (refusal: Refusal): void => {
      recent = [...recent, refusal].slice(-capacity)
    },
    /** A refusal of this signature is global: the earlier refusals of the signature were not the files' own. */
    turnedOutGlobal: (signature: string): void => {
      wrong = [...wrong, ...recent.filter((refusal) => refusal.signature === signature)]
      recent = recent.filter((refusal) => refusal.signature !== signature)
    },
    /** Something was published: the refusals before were the files' own. */
    clear: (): void => {
      recent = []
    },
    /** Refusals that are to be taken back. */
    wrong: () => wrong,
    clearWrong: (): void => {
      wrong = []
    }
  }
}
