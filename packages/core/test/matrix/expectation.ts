/** What the promises say of each combination. Pure: the table that the matrix holds Gitpip against. */
import type { Case } from "./dimensions.ts"

export interface Expectation {
  /** Whether others may have to wait as well, as long as it lasts. */
  readonly isGlobal: boolean
  /** Whether the thing itself may end as `failed`, or `gone`, and go on when a person says so. */
  readonly mayFail: boolean
  /** Minutes after the trouble's end within which everything is as if it had not been. */
  readonly recovery: number
}

/** Struck requests in an hour of it, at most. */
export const maxStruck = 60

export const expectation = (one: Case): Expectation => {
  const isGlobal = (one.scope === "all" && shared.has(one.request)) || saysGlobal(one)
  const isLimit = isLimited(one)
  return {
    isGlobal,
    mayFail: !isGlobal || isDefinite(one),
    // A limit without a believable end is waited for an hour, and a thing's own retries are at most an hour apart.
    recovery: isLimit ? 90 : isGlobal ? 40 : 100
  }
}

/** What others' new files need as well. All else is asked for one user's sake, or only saves requests. */
const shared: ReadonlySet<Case["request"]> = new Set<Case["request"]>([
  "github list",
  "github gist",
  "pipedrive activity",
  "pipedrive file deal",
  "pipedrive note"
])

const isRaw = ({ request }: Case): boolean => request === "github raw"

/** An answer that concerns all who use the credential by its own word, though only one thing was asked for. */
const saysGlobal = (one: Case): boolean =>
  !isRaw(one) && (one.status === "401" || (one.status === "402" && isPipedrive(one)) || isLimited(one))

const isPipedrive = ({ request }: Case): boolean => request.startsWith("pipedrive")

/** The service says that a limit is reached, or its headers say that nothing is left. */
const isLimited = (one: Case): boolean => {
  if (one.status === "reset" || one.status === "hang") return false
  if (one.status === "429") return true
  if (one.limits === "zero" || (isPipedrive(one) && one.limits === "absurd")) return true
  return !isPipedrive(one) && one.status === "403" && (one.limits === "past" || one.limits === "absurd")
}

/** A refusal that no other request would meet: it is believed of each item that it is said of. */
const isDefinite = ({ status }: Case): boolean =>
  /^4/.test(status) && !["401", "402", "403", "407", "408", "425", "429", "499"].includes(status)
