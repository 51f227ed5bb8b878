/** Every fault that a run can make, with how often it is chosen. Each heals by itself, or is healed when the run ends. */
import type { FakeGithub, FakePipedrive } from "@gitpip/core/testing"
import type { Verdict } from "./PostgresProxy.ts"
import type { Slot, World } from "./World.ts"

/** Faults of one theme come together for a while: a process that is killed all the time suffers nothing else. */
export const themes = ["processes", "database", "services"] as const
export type Theme = (typeof themes)[number]

export interface FaultKind {
  readonly name: string
  readonly theme: Theme
  readonly weight: number
  /** What it needs to be possible at all. */
  readonly needs?: "postgres" | "embedded"
  readonly inject: (world: World) => void | Promise<void>
}

/** One that runs, and mostly one that is through with its start: none would ever get to anything otherwise. */
const running = ({ random, slots }: World): Slot | undefined => {
  const able = slots.filter(
    ({ server }) => server.alive() && !server.paused() && (server.listens() || random.chance(0.1))
  )
  return able.length === 0 ? undefined : random.pick(able)
}

const any = (world: World): Slot => running(world) ?? world.random.pick(world.slots)

/** Faults that wait for a request. Were there many, every request would meet one, and nothing but an outage be tried. */
const waiting = new WeakMap<World, number>()

const oneOfFew = (world: World, add: (struck: (name: string) => void) => void): void => {
  const present = waiting.get(world) ?? 0
  if (present >= world.random.int(2, 12)) return
  waiting.set(world, present + 1)
  add((name) => {
    waiting.set(world, (waiting.get(world) ?? 1) - 1)
    world.strike(name)
  })
}

type GithubFault = Parameters<FakeGithub["injectFault"]>[0]
type PipedriveFault = Parameters<FakePipedrive["injectFault"]>[0]

const github = (name: string, weight: number, fault: GithubFault, route?: string): FaultKind => ({
  name: `GitHub: ${name}`,
  theme: "services",
  weight,
  inject: (world) =>
    oneOfFew(world, (struck) =>
      world.github.injectFault(fault, {
        when: (request) => {
          if (route !== undefined && request.route !== route) return false
          struck(`GitHub: ${name}`)
          return true
        }
      })
    )
})

const pipedrive = (
  name: string,
  weight: number,
  fault: PipedriveFault,
  on: (method: string, route: string | undefined) => boolean = () => true
): FaultKind => ({
  name: `Pipedrive: ${name}`,
  theme: "services",
  weight,
  inject: (world) =>
    oneOfFew(world, (struck) =>
      world.pipedrive.injectFault(fault, {
        when: ({ method, route }) => {
          if (!on(method, route)) return false
          struck(`Pipedrive: ${name}`)
          return true
        }
      })
    )
})

const isCreate = (method: string) => method === "POST"
const isActivity = (method: string, route: string | undefined) => method === "POST" && route === "/api/v2/activities"
const isRead = (method: string) => method === "GET"

/** At one of the next statements of one server, whichever it is. */
const atStatement = (
  name: string,
  theme: Theme,
  weight: number,
  phase: "before" | "after",
  act: (world: World, slot: Slot) => Verdict | Promise<Verdict>
): FaultKind => ({
  name,
  theme,
  weight,
  needs: "postgres",
  inject: (world) => {
    let passed = world.random.int(0, 60)
    const slot = any(world)
    slot.triggers.push({
      phase,
      // Idle polling is most of what there is to see, and the least interesting.
      matches: ({ statement }) =>
        !/^(select|with abandoned|update scans set state = 'inter)/.test(statement) || passed-- <= 0,
      act: (at) => {
        world.strike(name)
        return act(world, at)
      }
    })
  }
})

/** To a process that runs. */
const toProcess = (
  name: string,
  weight: number,
  act: (world: World, slot: Slot) => void | Promise<void>
): FaultKind => ({
  name,
  theme: "processes",
  weight,
  inject: (world) => {
    const slot = running(world)
    if (slot === undefined) return
    world.strike(name)
    return act(world, slot)
  }
})

const kill = (slot: Slot): Verdict => {
  void slot.server.kill()
  return "reset"
}

const stopped = async (world: World, { server }: Slot, millis: number): Promise<void> => {
  server.pause()
  await world.time.sleep(millis)
  server.resume()
}

const seconds = 1_000
const minutes = 60 * seconds
const day = 24 * 60 * minutes
const pastTheLease = ({ random }: World): number => random.int(5, 9) * minutes

export const kinds: ReadonlyArray<FaultKind> = [
  // Processes
  toProcess("kill -9 at a random instant", 6, (_, { server }) => void server.kill()),
  atStatement("kill -9 before a statement", "processes", 8, "before", (_, slot) => kill(slot)),
  atStatement("kill -9 after a statement", "processes", 8, "after", (_, slot) => kill(slot)),
  {
    name: "kill -9 while Pipedrive works",
    theme: "processes",
    weight: 6,
    inject: (world) => {
      world.pipedrive.injectFault(
        { kind: "lost", how: "hang" },
        {
          when: ({ method }) => {
            if (!isCreate(method)) return false
            world.strike("kill -9 while Pipedrive works")
            void any(world).server.kill()
            return true
          }
        }
      )
    }
  },
  toProcess("SIGTERM", 2, (_, { server }) => void server.stop()),
  toProcess("SIGSTOP for seconds", 4, (world, slot) => void stopped(world, slot, world.random.int(1_000, 60_000))),
  toProcess("SIGSTOP past every lease", 3, (world, slot) => void stopped(world, slot, pastTheLease(world))),
  atStatement("SIGSTOP past the lease, at a statement", "processes", 5, "after", (world, slot) => {
    void stopped(world, slot, pastTheLease(world))
    return "pass"
  }),
  {
    ...toProcess("asleep for a day", 1, (world, slot) => {
      void stopped(world, slot, 10 * minutes).then(() => world.advance(day))
    }),
    needs: "embedded"
  },
  {
    ...toProcess("asleep for minutes, and a day ahead then", 1, (world, slot) => {
      void stopped(world, slot, 10 * minutes).then(() => slot.server.order({ type: "skew", millis: day }))
    }),
    needs: "postgres"
  },
  // The embedded database has the process's clock, and asks of it not to jump.
  {
    ...toProcess("the clock jumps", 4, ({ random }, { server }) => {
      void server.order({ type: "skew", millis: random.int(-60, 60) * minutes })
    }),
    needs: "postgres"
  },
  // PostgreSQL
  atStatement("connection cut before a statement", "database", 10, "before", () => "reset"),
  atStatement("answer of a statement lost", "database", 10, "after", () => "reset"),
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
  {
    name: "PostgreSQL refuses connections",
    theme: "database",
    weight: 0.5,
    needs: "postgres",
    inject: async (world) => {
      const { proxy } = any(world)
      if (proxy === undefined) return
      world.strike("PostgreSQL refuses connections")
      proxy.mode = "refuse"
      proxy.cut()
      await world.time.sleep(world.random.int(3, 30) * seconds)
      proxy.mode = "open"
    }
  },
  {
    name: "PostgreSQL has no connection left",
    theme: "database",
    weight: 0.5,
    needs: "postgres",
    inject: async (world) => {
      const { proxy } = any(world)
      if (proxy === undefined) return
      world.strike("PostgreSQL has no connection left")
      proxy.mode = "too-many"
      proxy.cut()
      await world.time.sleep(world.random.int(3, 30) * seconds)
      proxy.mode = "open"
    }
  },
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
  },
  {
    name: "no name is resolved",
    theme: "services",
    weight: 2,
    inject: async (world) => {
      const { server } = any(world)
      const before = await server.order({ type: "dns", broken: true })
      await world.time.sleep(world.random.int(3, 24) * seconds)
      const after = await server.order({ type: "dns", broken: false })
      if (before !== undefined && after !== undefined && after.refused.dns > before.refused.dns) {
        world.strike("no name is resolved")
      }
    }
  },
  {
    name: "Pipedrive: a certificate that nobody vouches for",
    theme: "services",
    weight: 2,
    inject: async ({ front, random, strike, time }) => {
      const before = front.refusals()
      front.present("untrusted")
      await time.sleep(random.int(3, 24) * seconds)
      front.present("trusted")
      if (front.refusals() > before) strike("Pipedrive: a certificate that nobody vouches for")
    }
  },
  // GitHub
  github("500", 4, { kind: "status", status: 500, body: { message: "Server Error" } }),
  github("503 with a page", 3, { kind: "html", status: 503 }),
  github("200 with a page", 3, { kind: "html", status: 200 }),
  github("half of the JSON", 4, { kind: "garbage" }),
  github("reset", 4, { kind: "reset" }),
  github("no answer", 3, { kind: "hang" }),
  github("byte by byte", 2, { kind: "drip" }),
  github("an endless answer", 2, { kind: "endless" }),
  github("the token refused", 0.5, { kind: "status", status: 401, body: { message: "Bad credentials" } }),
  github("redirect to elsewhere", 2, { kind: "redirect", location: "http://127.0.0.1:9/" }),
  github("the hour's limit", 1, { kind: "primary-limit", resetInSeconds: 30 }),
  github("a secondary limit", 1, { kind: "secondary-limit", retryAfterSeconds: 20 }),
  github("404 for a user", 1, { kind: "status", status: 404, body: { message: "Not Found" } }, "/users/{login}/gists"),
  github("404 for a gist", 2, { kind: "status", status: 404, body: { message: "Not Found" } }, "/gists/{id}"),
  // Pipedrive
  pipedrive("done, then reset", 12, { kind: "lost", how: "reset" }, isCreate),
  pipedrive("done, then 504", 12, { kind: "lost", how: "status" }, isCreate),
  pipedrive("done, then no answer", 6, { kind: "lost", how: "hang" }, isCreate),
  pipedrive("done, and half of the JSON", 12, { kind: "garbage" }, isCreate),
  pipedrive("done, and the answer byte by byte", 6, { kind: "drip" }, isCreate),
  pipedrive("done, and an endless answer", 6, { kind: "endless" }, isCreate),
  pipedrive("delivered and done twice, then reset", 10, { kind: "twice" }, isActivity),
  {
    name: "Pipedrive: done, the answer late beyond the timeout",
    theme: "services",
    weight: 4,
    inject: (world) => {
      world.pipedrive.injectFault(
        { kind: "late" },
        {
          when: ({ method }) => {
            if (!isCreate(method)) return false
            world.strike("Pipedrive: done, the answer late beyond the timeout")
            void world.time.sleep("40 seconds").then(() => world.pipedrive.release())
            return true
          }
        }
      )
    }
  },
  pipedrive("reset, not done", 10, { kind: "reset" }, isActivity),
  pipedrive("502 with a page, not done", 8, { kind: "html", status: 502 }, isActivity),
  pipedrive("no answer, not done", 4, { kind: "hang" }, isActivity),
  pipedrive("a look fails", 4, { kind: "html", status: 500 }, isRead),
  pipedrive("a look is half an answer", 4, { kind: "garbage" }, isRead),
  pipedrive("burst limit", 4, { kind: "burst-limit" }),
  pipedrive("the day's budget spent", 0.1, { kind: "budget-spent" }),
  pipedrive("the token refused", 0.3, { kind: "status", status: 401, body: { success: false, error: "unauthorized" } }),
  pipedrive("the account closed", 0.2, { kind: "status", status: 402, body: { success: false, error: "payment" } }),
  pipedrive("blocked by the front", 0.3, { kind: "cloudflare-block" }),
  pipedrive("redirect to elsewhere", 0.3, { kind: "redirect", location: "http://127.0.0.1:9/" })
]

/** Those that can be made here, by weight: nine of ten of the theme. */
export const choice = (world: World, only: RegExp = /^/): ((theme: Theme) => FaultKind) => {
  const possible = kinds.filter(
    ({ name, needs }) =>
      only.test(name) &&
      (needs === undefined ||
        (needs === "postgres" && world.postgres !== undefined) ||
        (needs === "embedded" && world.postgres === undefined))
  )
  return (theme) => {
    const themed = possible.filter((kind) => kind.theme === theme)
    const within = themed.length > 0 && world.random.chance(0.9) ? themed : possible
    let at = world.random.next() * within.reduce((sum, { weight }) => sum + weight, 0)
    for (const kind of within) {
      at -= kind.weight
      if (at < 0) return kind
    }
    return within[0] as FaultKind
  }
}
