/** Faults between a server and its database, and of the database itself. */
import type { World } from "../World.ts"
import { anySlot, atStatement, type FaultKind, seconds } from "./FaultKind.ts"

/** A fault of a PostgreSQL server that always strikes. */
const atPostgres = (name: string, weight: number, act: (world: World) => void | Promise<void>): FaultKind => ({
  name,
  theme: "database",
  weight,
  needs: "postgres",
  inject: (world) => {
    world.noteStruck(name)
    return act(world)
  }
})

/** For some seconds the proxy of one server accepts no connection. */
const withoutConnections = (name: string, mode: "refuse" | "no-connections-left"): FaultKind =>
  atPostgres(name, 0.5, async (world) => {
    const { proxy } = anySlot(world)
    if (proxy === undefined) return
    proxy.mode = mode
    proxy.cut()
    await world.time.sleep(world.random.int(3, 30) * seconds)
    proxy.mode = "open"
  })

export const databaseFaults: ReadonlyArray<FaultKind> = [
  atStatement("connection cut before a statement", {
    theme: "database",
    weight: 10,
    phase: "before",
    act: () => "reset"
  }),
  atStatement("answer of a statement lost", { theme: "database", weight: 10, phase: "after", act: () => "reset" }),
  atPostgres("all connections cut", 1, (world) => anySlot(world).proxy?.cut()),
  withoutConnections("PostgreSQL refuses connections", "refuse"),
  withoutConnections("PostgreSQL has no connection left", "no-connections-left"),
  atPostgres("PostgreSQL is slow", 1, async (world) => {
    const slot = anySlot(world)
    slot.slowness = world.random.int(300, 3_600)
    await world.time.sleep(30 * seconds)
    slot.slowness = 0
  }),
  atPostgres("PostgreSQL killed", 0.15, (world) => world.postgres?.crash()),
  atPostgres("PostgreSQL restarted", 0.15, (world) => world.postgres?.restart()),
  {
    name: "disk full",
    theme: "database",
    weight: 3,
    needs: "embedded",
    inject: async (world) => {
      const { server } = anySlot(world)
      const before = await server.order({ type: "disk", full: true })
      await world.time.sleep(world.random.int(3, 24) * seconds)
      const after = await server.order({ type: "disk", full: false })
      if (before !== undefined && after !== undefined && after.refused.disk > before.refused.disk) {
        world.noteStruck("disk full")
      }
    }
  }
]
