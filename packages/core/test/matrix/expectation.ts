/** What the promises say of each combination. Pure: the table that the matrix holds Gitpip against. */
import { type Case, isSuccess } from "./dimensions.ts"
import { setupProvocations } from "./setupProvocations.ts"

export interface Expectation {
  /** Whether others may have to wait as well, as long as it lasts. */
  readonly isGlobal: boolean
  /**
   * Whether the thing itself may end as `failed`, or `gone`, and go on when a person says so. What provokes the check of a deal
   * is a refusal of the item.
   */
  readonly mayFail: boolean
  /** Minutes after the trouble's end within which everything is as if it had not been. */
  readonly recovery: number
}

/** Requests that the trouble may strike in an hour. The feed is asked every 30 seconds while its answers are good. */
export const maxStruck = ({ request, status }: Case): number =>
  request === "github feed" && (isSuccess(status) || status === "304") ? 120 : 60

export const expectation = (one: Case): Expectation => {
  const isGlobal = (one.scope === "all" && shared.has(one.request)) || saysGlobal(one)
  const isLimit = isLimited(one)
  return {
    isGlobal,
    mayFail: !isGlobal || isDefinite(one) || isOwnRefusal(one) || one.request === "pipedrive deal check",
    // Pipedrive's day ends two hours and a half after the beginning, and a thing's own retries are at most an hour apart.
    recovery: isLimit ? 130 : isGlobal ? 40 : 100
  }
}

/** What others' new files need as well. All else is asked for one user's sake, or only saves requests. */
const shared: ReadonlySet<Case["request"]> = new Set<Case["request"]>([
  "github list",
  "github gist",
  "pipedrive activity",
  "pipedrive file deal",
  "pipedrive lead",
  "pipedrive note",
  ...(Object.keys(setupProvocations) as ReadonlyArray<keyof typeof setupProvocations>)
])

const isRaw = ({ request }: Case): boolean => request === "github raw"

/** An answer that concerns all who use the credential by its own word, though only one thing was asked for. */
const saysGlobal = (one: Case): boolean =>
  !isRaw(one) && (one.status === "401" || (one.status === "402" && isPipedrive(one)) || isLimited(one))

const isPipedrive = ({ request }: Case): boolean => request.startsWith("pipedrive")

/** The service's headers say that nothing is left. A 429 alone is global only when things of several users meet it. */
const isLimited = (one: Case): boolean => {
  if (one.status === "reset" || one.status === "hang") return false
  if (one.limits === "zero" || (isPipedrive(one) && one.limits === "absurd")) return true
  if (one.scope !== "all") return false
  return (
    one.status === "429" ||
    (!isPipedrive(one) && one.status === "403" && (one.limits === "past" || one.limits === "absurd"))
  )
}

/**
 * A refusal that would be the token's, and is the thing's own because other things succeed meanwhile. Each counts as an
 * attempt, and the attempts can be used up before the trouble ends (`docs/lifecycle.md`, decision table).
 */
const isOwnRefusal = (one: Case): boolean =>
  one.scope !== "all" &&
  (one.status === "401" || (isPipedrive(one) && (/^30[12378]$/.test(one.status) || one.status === "402")))

/** A refusal that no other request would meet: it is believed of each item that it is said of. */
const isDefinite = ({ status }: Case): boolean =>
  /^4/.test(status) && !["401", "402", "403", "407", "408", "425", "429", "499"].includes(status)
