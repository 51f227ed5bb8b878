/** The end of a run: all faults are cleared, and the world runs until nothing is left to do or nothing makes progress. */
import { Duration } from "effect"
import { dump } from "./dump.ts"
import * as Oracle from "./Oracle.ts"
import type { Books } from "./people.ts"
import type { Slot } from "./Slot.ts"
import type { World } from "./World.ts"

/** The part of a round in which servers do what is due. After it the clocks are advanced by hours. */
const workingTime = "15 seconds"

/**
 * A world without progress in this many rounds is stuck. The hours double from round to round, to 63 in all, since the longest
 * honest waits last a day: for Pipedrive's next day, and for a user who failed again and again.
 */
const patience = 6

/** A run ends after this many rounds even if something changes in each: a file may fail after every manual retry. */
const maxRounds = 100

/** Rounds at rest before a run ends: an audit or a late scan may still spoil the outcome. */
const quietRounds = 4

/** Ends each fault that is still going on. */
const clearFaults = (world: World): void => {
  world.github.clearFaults()
  world.pipedrive.clearFaults()
  world.github.release()
  world.pipedrive.release()
  world.front.present("trusted")
  for (const slot of world.slots) {
    slot.triggers.length = 0
    slot.slowness = 0
    if (slot.proxy !== undefined) slot.proxy.mode = "open"
    if (slot.server.paused()) slot.server.resume()
    void slot.server.order({ type: "disk", full: false })
    void slot.server.order({ type: "dns", broken: false })
  }
}

/** The state of a world in which nothing is left to do, or nothing makes progress. */
export interface Settled {
  readonly verdict: Oracle.Verdict
  /** Empty when nothing was left to do. */
  readonly dump: string
  /** Publications that failed, and were retried by hand. */
  readonly retried: number
}

/** Clears all faults, runs the world to its end, and retries failed publications as a person would. */
export const settle = async (
  world: World,
  books: Books,
  options: { readonly visits: boolean } = { visits: true }
): Promise<Settled> => {
  clearFaults(world)
  let retried = 0
  let progress = ""
  let stuckRounds = 0
  let quiet = 0
  const slot = world.slots[0] as Slot
  for (let round = 1; ; round++) {
    await world.time.sleep(workingTime)
    const found = Oracle.publications(world, books)
    const state = await status(world, slot)
    if (state !== undefined && state.failed > 0) {
      for (const { id } of (
        await world.call(slot, "GET", "/publications?state=failed&limit=1000").catch(() => ({ json: [] }))
      ).json as ReadonlyArray<{ id: number }>) {
        await world.call(slot, "POST", `/publications/${id}/retry`).catch(() => undefined)
        retried++
      }
    }
    const present = JSON.stringify([found.lost.length, found.doubled.length, found.doubledDeals.length, state])
    stuckRounds = present === progress ? stuckRounds + 1 : 0
    progress = present
    const rest = state !== undefined && state.pending + state.sending + state.failed === 0
    const right = found.lost.length + found.doubled.length + found.doubledDeals.length + found.misplaced.length === 0
    quiet = rest && right ? quiet + 1 : 0
    if (quiet < quietRounds && stuckRounds < patience && round < maxRounds) {
      world.advance(Duration.hours(2 ** stuckRounds))
      continue
    }
    const visits = options.visits ? await Oracle.visits(world, books, slot).catch((error) => [String(error)]) : []
    const verdict = { ...Oracle.publications(world, books), visits, leaks: world.leaks }
    return { verdict, retried, dump: rest && Oracle.isClean(verdict) ? "" : await dump(world) }
  }
}

interface Waiting {
  readonly pending: number
  readonly sending: number
  readonly failed: number
}

const status = async (world: World, slot: Slot): Promise<Waiting | undefined> => {
  try {
    const { json } = await world.call(slot, "GET", "/status")
    const { failed, pending, sending } = (json as { publications: Waiting }).publications
    return { pending, sending, failed }
  } catch {
    return undefined
  }
}
