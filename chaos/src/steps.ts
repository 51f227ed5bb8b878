/**
 * `kill -9` at every step that leaves a trace outside the process: before and after each statement and each request.
 *
 * A process that dies between two such steps leaves the same behind as one that dies at the later step, so no other crash
 * differs from these. No list names the steps. A life in which everything happens repeats, and the server is killed at each
 * new step, until no step is new. So a step that is added to the program is found without a change here.
 */
import { live } from "./life.ts"
import type { Books } from "./people.ts"
import type { Slot } from "./Slot.ts"
import { settle } from "./settle.ts"
import type { World } from "./World.ts"

/** Steps of all worlds together. */
export interface Steps {
  /** Each step at which a server was killed, as `before …` or `after …`. */
  readonly killed: Set<string>
  /** Each statement that was seen. */
  readonly statements: Set<string>
}

/** Kills a world's server at each step at which no server has been killed. Returns how to end that. */
const killEverywhere = (world: World, { killed, statements }: Steps, mayKill: (step: string) => boolean) => {
  const slot = world.slots[0] as Slot
  let on = true
  const first = (key: string): boolean => {
    if (!on || killed.has(key) || !mayKill(key) || !slot.server.alive()) return false
    killed.add(key)
    world.noteStruck("kill -9 at a step")
    void slot.server.kill()
    return true
  }
  if (slot.proxy !== undefined) {
    const at =
      (phase: "before" | "after") =>
      ({ name, statement }: { name: string; statement: string }) => {
        statements.add(statement)
        // A statement that only reads leaves the same behind on both sides.
        if (phase === "before" && /^select /.test(statement) && !/for (no key )?update|record_visit/.test(statement))
          return "pass" as const
        return first(`${phase} ${name}`) ? ("reset" as const) : ("pass" as const)
      }
    slot.proxy.hooks = { before: at("before"), after: at("after") }
  }
  for (const service of [world.github, world.pipedrive]) {
    const at =
      (phase: "before" | "after") =>
      ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
        first(`${phase} ${method} ${route}`)
    service.injectFault({ kind: "hang" }, { times: Number.POSITIVE_INFINITY, when: at("before") })
    service.injectFault({ kind: "lost", how: "hang" }, { times: Number.POSITIVE_INFINITY, when: at("after") })
  }
  return () => {
    on = false
  }
}

/** Repeats the life until no step is new, then settles. */
export const run = async (
  world: World,
  books: Books,
  { mayKill = () => true, steps }: { readonly steps: Steps; readonly mayKill?: (step: string) => boolean }
) => {
  const stop = killEverywhere(world, steps, mayKill)
  for (let n = 1; ; n++) {
    const before = steps.killed.size
    await live(world, books, n)
    if (steps.killed.size === before) break
  }
  stop()
  return settle(world, books, { visits: false })
}
