/** Faults between a server and its database, and of the database itself. */
import { any, atStatement, type FaultKind, seconds } from "./FaultKind.ts"

/** For some seconds the proxy of one server accepts no connection. */
const withoutConnections = (name: string, mode: "refuse" | "too-many"): FaultKind => ({
  name,
  theme: "database",
  weight: 0.5,
  needs: "postgres",
  inject: async (world) => {
    const { proxy } = any(world)
    if (proxy === undefined) return
    world.strike(name)
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
      world.strike("all connections cut")
      any(world).proxy?.cut()
    }
  },
  withoutConnections("PostgreSQL refuses connections", "refuse"),
  withoutConnections("PostgreSQL has no connection left", "too-many"),
  {
    name: "PostgreSQL is slow",
    theme: "database",
    weight: 1,
    needs: "postgres",
    inject: async (world) => {
      const slot = any(world)
      world.strike("PostgreSQL is slow")
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
      world.strike("PostgreSQL killed")
      await world.postgres?.crash()
    }
  },
  {
    name: "PostgreSQL restarted",
    theme: "database",
    weight: 0.15,
    needs: "postgres",
    inject: async (world) => {
      world.strike("PostgreSQL restarted")
      await world.postgres?.restart()
    }
  },
  {
    name: "disk full",
    theme: "database",
    weight: 3,
    needs: "embedded",
    inject: async (world) => {
      const { server } = any(world)
      const before = await server.order({ type: "disk", full: true })
      await world.time.sleep(world.random.int(3, 24) * seconds)
      const after = await server.order({ type: "disk", full: false })
      if (before !== undefined && after !== undefined && after.refused.disk > before.refused.disk) {
        world.strike("disk full")
      }
    }
  }
]
