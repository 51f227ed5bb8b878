/** One kind of fault, and how a fault finds the server, the statement or the request that it strikes. */
import type { Phase, Verdict } from "../PostgresProxy.ts"
import type { Slot } from "../Slot.ts"
import type { World } from "../World.ts"

/** Faults of one theme come together for a while: a process that is killed all the time suffers nothing else. */
export const themes = ["processes", "database", "services"] as const
export type Theme = (typeof themes)[number]

/** A fault that a run may inject, how often compared with others, and how. */
export interface FaultKind {
  readonly name: string
  readonly theme: Theme
  readonly weight: number
  /** The database that the fault needs. */
  readonly needs?: "postgres" | "embedded"
  readonly inject: (world: World) => void | Promise<void>
}

export const seconds = 1_000
export const minutes = 60 * seconds
export const day = 24 * 60 * minutes

/** A running server, mostly one that has finished its start: otherwise no server would ever do any work. */
const running = ({ random, slots }: World): Slot | undefined => {
  const able = slots.filter(
    ({ server }) => server.alive() && !server.paused() && (server.listens() || random.chance(0.1))
  )
  return able.length === 0 ? undefined : random.pick(able)
}

export const anySlot = (world: World): Slot => running(world) ?? world.random.pick(world.slots)

export const kill = (slot: Slot): Verdict => {
  void slot.server.kill()
  return "reset"
}

export const isCreate = ({ method }: { readonly method: string }) => method === "POST"

/** Strikes one of the next statements of one server. */
export const atStatement = (
  name: string,
  {
    act,
    phase,
    ...kind
  }: Pick<FaultKind, "theme" | "weight"> & {
    readonly phase: Phase
    readonly act: (world: World, slot: Slot) => Verdict | Promise<Verdict>
  }
): FaultKind => ({
  ...kind,
  name,
  needs: "postgres",
  inject: (world) => {
    let passed = world.random.int(0, 60)
    const slot = anySlot(world)
    slot.triggers.push({
      phase,
      // Idle polling is the most frequent and the least interesting.
      matches: ({ statement }) => !/^(select|with abandoned)/.test(statement) || passed-- <= 0,
      act: (at) => {
        world.noteStruck(name)
        return act(world, at)
      }
    })
  }
})

/** Strikes a running process. */
export const toProcess = (
  name: string,
  {
    act,
    ...kind
  }: Pick<FaultKind, "weight" | "needs"> & {
    readonly act: (world: World, slot: Slot) => void | Promise<void>
  }
): FaultKind => ({
  ...kind,
  name,
  theme: "processes",
  inject: (world) => {
    const slot = running(world)
    if (slot === undefined) return
    world.noteStruck(name)
    return act(world, slot)
  }
})
