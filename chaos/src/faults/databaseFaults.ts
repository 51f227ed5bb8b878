/** Faults between a server and its database, and of the database itself. */
import { anySlot, atStatement, type FaultKind, seconds } from "./FaultKind.ts"

/** For some seconds the proxy of one server accepts no connection. */
const withoutConnections = (name: string, mode: "refuse" | "no-connections-left"): FaultKind => ({
  name,
  theme: "database",
  weight: 0.5,
  needs: "postgres",
  inject: async (world) => {
    const { proxy } = anySlot(world)
    if (proxy === undefined) return
    world.noteStruck(name)
    proxy.mode = mode
    proxy.cut()
    await world.time.sleep(world.random.int(3, 30) * seconds)
    proxy.mode = "open"
  }
})

export const databaseFaults: ReadonlyArray<FaultKind> = [
  atStatement("connection cut before a statement", {
    theme: "database",
    weight: 10,
    phase: "before",
    act: () => "reset"
  }),
  atStatement("answer of a statement lost", { theme: "database", weight: 10, phase: "after", act: () => "reset" }),
  {
    name: "all connections cut",
    theme: "database",
    weight: 1,
    needs: "postgres",
    inject: (world) => {
      world.noteStruck("all connections cut")
      anySlot(world).proxy?.cut()
    }
  },
  withoutConnections("PostgreSQL refuses connections", "refuse"),
  withoutConnections("PostgreSQL has no connection left", "no-connections-left"),
  {
    name: "PostgreSQL is slow",
    theme: "database",
    weight: 1,
    needs: "postgres",
    inject: async (world) => {
      const slot = anySlot(world)
      world.noteStruck("PostgreSQL is slow")
      slot.slowness = world.random.int(300, 3_600)
      await world.time.sleep(30 * seconds)
      slot.slowness = 0
    }
  },
  {
    name: "PostgreSQL killed",
    theme: "database",
    weight: 0.15,
    needs: "postgres",
    inject: async (world) => {
      world.noteStruck("PostgreSQL killed")
      await world.postgres?.crash()
    }
  },
  {
    name: "PostgreSQL restarted",
    theme: "database",
    weight: 0.15,
    needs: "postgres",
    inject: async (world) => {
      world.noteStruck("PostgreSQL restarted")
      await world.postgres?.restart()
    }
  },
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
