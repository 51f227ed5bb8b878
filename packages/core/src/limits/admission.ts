/**
 * When the next request to a service may leave, and what keeps it back: the block and the budget that the service stated
 * (`stated.ts`), then the slots of the window (`slots.ts`).
 */
import * as Timing from "../domain/Timing.ts"
import type { Quota } from "./SharedQuota.ts"
import * as Slots from "./slots.ts"
import * as Stated from "./stated.ts"
import type { BlockOptions, Throttle, ThrottleState } from "./Throttle.ts"
import { Throttled } from "./Throttled.ts"

/** When a request may leave (epoch milliseconds), and what keeps it back: without `held`, the window. */
export interface Admission {
  readonly at: number
  readonly held: Stated.LimitBlock | undefined
}

/** The failure of a request that will not wait for its admission. */
export const throttled = ({ at, held }: Admission): Throttled =>
  new Throttled({
    until: at,
    enforcedBy: held?.enforcedBy ?? "self",
    isStored: held?.isStored ?? false,
    why: held?.why ?? "as many requests as it takes at a time have been sent"
  })

/** What one throttle knows of its limits. `quota`: this process's share of the window; without it, the whole window. */
export const make = (quota: Quota | undefined) => {
  let stated = Stated.nothing
  let windowBudget: Stated.RequestBudget | undefined

  const block = (until: number, why: string, { enforcedBy = "service", isStored = false }: BlockOptions = {}): void => {
    stated = Stated.blocked(stated, { until, why, enforcedBy, isStored })
  }

  const slots = Slots.make(quota, ({ blocked }) => {
    if (blocked !== undefined) block(blocked.until, blocked.why, { isStored: true })
  })

  let checkedAt = Number.NEGATIVE_INFINITY
  /** After the clock went back, every earlier instant is wrong. */
  const forgetWrongInstants = (now: number): void => {
    if (Timing.clockWentBack(checkedAt, now)) {
      stated = Stated.nothing
      windowBudget = undefined
      slots.clear()
    }
    checkedAt = now
  }

  return {
    slots,
    block,
    next: (now: number): Admission => {
      forgetWrongInstants(now)
      stated = Stated.current(stated, now)
      const held = Stated.holding(stated, now)
      return held === undefined ? { at: slots.freeAt(now), held } : { at: held.until, held }
    },
    /** Counts a request that leaves now in the budget and the window. */
    leave: (now: number) => {
      stated = Stated.spent(stated)
      return slots.leave(now)
    },
    learn: (facts: Stated.RequestBudget): void => {
      stated = Stated.reported(stated, facts, slots.underWay())
    },
    learnWindow: (facts: Parameters<Throttle["learnWindow"]>[0]): void => {
      const { limit, remaining, resetAt } = facts
      slots.learn(facts)
      windowBudget = { limit, remaining, resetAt }
    },
    state: (): ThrottleState => ({
      budget: stated.budget ?? windowBudget,
      blockedUntil: stated.block?.until ?? 0,
      why: stated.block?.why ?? ""
    })
  }
}
