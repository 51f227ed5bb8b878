/** What publishing asks of the store. */
import { Duration, Effect } from "effect"
import * as Timing from "../../src/domain/Timing.ts"
import type { UserKey } from "../../src/domain/User.ts"
import { type Known, type Operations, rounds } from "./known.ts"

export const publishOperations = (known: Known): Operations => {
  const { claimOf, lease, run, store, user } = known
  const { limits, publications, targets } = store
  const { deals } = targets
  const published = (remoteId: string) => ({ _tag: "published", remoteId, how: "published", remark: null }) as const
  return {
    "a publish: claim 24": () => publications.claim(24, lease),
    "a publish: claim 24 fresh ones": () => publications.claim(24, lease, { which: "fresh" }),
    "a publish: begin to send": (n) => publications.beginSend(claimOf(n), "1"),
    "a publish: record": (n) => publications.settle(claimOf(n), published(`${run}${n}`)),
    "a publish: retry": (n) =>
      publications.settle(claimOf(n + rounds), {
        _tag: "retry",
        reason: "x",
        message: "x",
        due: { wait: Duration.zero, isLast: false },
        isUncertain: true,
        counts: true
      }),
    "a publish: found absent": (n) => publications.absent(claimOf(n + 2 * rounds)),
    "a publish: release": (n) => publications.settle(claimOf(n + 3 * rounds), { _tag: "release" }),
    "a publish: what is due next": () =>
      Effect.andThen(publications.nextDue(), publications.nextDue({ which: "fresh" })),
    "a publish: audits, duplicates": (n) =>
      Effect.gen(function* () {
        yield* publications.audits(10)
        yield* publications.audited(claimOf(n), [])
        yield* publications.addDuplicates(claimOf(n), [`r${run}${n}`])
        yield* publications.duplicates
        yield* publications.retryAudit(claimOf(n), Duration.zero)
        yield* publications.retryDuplicate(`r${run}${n}`, { message: "bench", wait: Duration.zero })
        yield* publications.undeleted
        yield* publications.duplicateDeleted(`r${run}${n}`)
      }),
    "a publish: a user's deal": (n) =>
      Effect.gen(function* () {
        const userKey = user(n) as UserKey
        const { epoch } = yield* deals.claim(userKey, lease)
        yield* deals.beginSend({ key: userKey, epoch }, { as: "bench", margin: Timing.sendMargin })
        yield* deals.release({ key: userKey, epoch })
        yield* deals.clear({ key: userKey, epoch })
        yield* deals.forget(userKey, -1)
        yield* deals.record(userKey, n)
      }),
    "a publish: users without a deal": () => deals.waiting(5_000),
    "a publish: limits and refusals": () =>
      Effect.gen(function* () {
        const wait = { wait: Duration.zero, message: "bench" }
        yield* limits.blocked("github:0")
        yield* limits.block("bench:0", wait)
        yield* limits.refuse("bench:0", wait)
        yield* limits.known(["bench:0"])
        yield* limits.accept("bench:0")
      })
  }
}
