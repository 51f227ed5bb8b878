/** Faults of GitHub and Pipedrive, and on the way to them. */
import type { FakeGithub, FakePipedrive } from "@gitpip/core/testing"
import type { World } from "../World.ts"
import { anySlot, type FaultKind, isCreate, seconds } from "./FaultKind.ts"

/** Faults that wait for a request. With many of them each request would meet one, and runs would try outages only. */
const waiting = new WeakMap<World, number>()

const oneOfFew = (world: World, add: (struck: (name: string) => void) => void): void => {
  const present = waiting.get(world) ?? 0
  if (present >= world.random.int(2, 12)) return
  waiting.set(world, present + 1)
  add((name) => {
    waiting.set(world, (waiting.get(world) ?? 1) - 1)
    world.noteStruck(name)
  })
}

type Request = { readonly method: string; readonly route: string | undefined }

const github = (
  name: string,
  options: {
    readonly weight: number
    readonly fault: Parameters<FakeGithub["injectFault"]>[0]
    /** Default: any. */
    readonly route?: string
  }
): FaultKind => ({
  name: `GitHub: ${name}`,
  theme: "services",
  weight: options.weight,
  inject: (world) =>
    oneOfFew(world, (struck) =>
      world.github.injectFault(options.fault, {
        when: (request) => {
          if (options.route !== undefined && request.route !== options.route) return false
          struck(`GitHub: ${name}`)
          return true
        }
      })
    )
})

const pipedrive = (
  name: string,
  {
    fault,
    on = () => true,
    weight
  }: {
    readonly weight: number
    readonly fault: Parameters<FakePipedrive["injectFault"]>[0]
    /** Default: any request. */
    readonly on?: (request: Request) => boolean
  }
): FaultKind => ({
  name: `Pipedrive: ${name}`,
  theme: "services",
  weight,
  inject: (world) =>
    oneOfFew(world, (struck) =>
      world.pipedrive.injectFault(fault, {
        when: (request) => {
          if (!on(request)) return false
          struck(`Pipedrive: ${name}`)
          return true
        }
      })
    )
})

/** Creates what a file becomes. */
const isFile = ({ method, route }: Request) =>
  method === "POST" && (route === "/api/v2/activities" || route === "/api/v1/leads")
const isRead = ({ method }: Request) => method === "GET"

export const serviceFaults: ReadonlyArray<FaultKind> = [
  {
    name: "no name is resolved",
    theme: "services",
    weight: 2,
    inject: async (world) => {
      const { server } = anySlot(world)
      const before = await server.order({ type: "dns", broken: true })
      await world.time.sleep(world.random.int(3, 24) * seconds)
      const after = await server.order({ type: "dns", broken: false })
      if (before !== undefined && after !== undefined && after.refused.dns > before.refused.dns) {
        world.noteStruck("no name is resolved")
      }
    }
  },
  {
    name: "Pipedrive: a certificate that is not trusted",
    theme: "services",
    weight: 2,
    inject: async ({ front, random, noteStruck, time }) => {
      const before = front.refusals()
      front.present("untrusted")
      await time.sleep(random.int(3, 24) * seconds)
      front.present("trusted")
      if (front.refusals() > before) noteStruck("Pipedrive: a certificate that is not trusted")
    }
  },
  // GitHub
  github("500", { weight: 4, fault: { kind: "status", status: 500, body: { message: "Server Error" } } }),
  github("503 with a page", { weight: 3, fault: { kind: "html", status: 503 } }),
  github("200 with a page", { weight: 3, fault: { kind: "html", status: 200 } }),
  github("half of the JSON", { weight: 4, fault: { kind: "garbage" } }),
  github("reset", { weight: 4, fault: { kind: "reset" } }),
  github("no answer", { weight: 3, fault: { kind: "hang" } }),
  github("byte by byte", { weight: 2, fault: { kind: "drip" } }),
  github("an endless answer", { weight: 2, fault: { kind: "endless" } }),
  github("the token refused", {
    weight: 0.5,
    fault: { kind: "status", status: 401, body: { message: "Bad credentials" } }
  }),
  github("redirect to elsewhere", { weight: 2, fault: { kind: "redirect", location: "http://127.0.0.1:9/" } }),
  github("the hour's limit", { weight: 1, fault: { kind: "primary-limit", resetInSeconds: 30 } }),
  github("a secondary limit", { weight: 1, fault: { kind: "secondary-limit", retryAfterSeconds: 20 } }),
  github("404 for a user", {
    weight: 1,
    fault: { kind: "status", status: 404, body: { message: "Not Found" } },
    route: "/users/{login}/gists"
  }),
  github("404 for a gist", {
    weight: 2,
    fault: { kind: "status", status: 404, body: { message: "Not Found" } },
    route: "/gists/{id}"
  }),
  // Pipedrive
  pipedrive("done, then reset", { weight: 12, fault: { kind: "lost", how: "reset" }, on: isCreate }),
  pipedrive("done, then 504", { weight: 12, fault: { kind: "lost", how: "status" }, on: isCreate }),
  pipedrive("done, then no answer", { weight: 6, fault: { kind: "lost", how: "hang" }, on: isCreate }),
  pipedrive("done, and half of the JSON", { weight: 12, fault: { kind: "garbage" }, on: isCreate }),
  pipedrive("done, and the answer byte by byte", { weight: 6, fault: { kind: "drip" }, on: isCreate }),
  pipedrive("done, and an endless answer", { weight: 6, fault: { kind: "endless" }, on: isCreate }),
  pipedrive("delivered and done twice, then reset", { weight: 10, fault: { kind: "twice" }, on: isFile }),
  {
    name: "Pipedrive: done, the answer late beyond the timeout",
    theme: "services",
    weight: 4,
    inject: (world) => {
      world.pipedrive.injectFault(
        { kind: "late" },
        {
          when: (request) => {
            if (!isCreate(request)) return false
            world.noteStruck("Pipedrive: done, the answer late beyond the timeout")
            void world.time.sleep("40 seconds").then(() => world.pipedrive.release())
            return true
          }
        }
      )
    }
  },
  pipedrive("reset, not done", { weight: 10, fault: { kind: "reset" }, on: isFile }),
  pipedrive("502 with a page, not done", { weight: 8, fault: { kind: "html", status: 502 }, on: isFile }),
  pipedrive("no answer, not done", { weight: 4, fault: { kind: "hang" }, on: isFile }),
  pipedrive("a lookup fails", { weight: 4, fault: { kind: "html", status: 500 }, on: isRead }),
  pipedrive("a lookup gets half an answer", { weight: 4, fault: { kind: "garbage" }, on: isRead }),
  pipedrive("burst limit", { weight: 4, fault: { kind: "burst-limit" } }),
  pipedrive("the day's budget spent", { weight: 0.1, fault: { kind: "budget-spent" } }),
  pipedrive("the token refused", {
    weight: 0.3,
    fault: { kind: "status", status: 401, body: { success: false, error: "unauthorized" } }
  }),
  pipedrive("the account closed", {
    weight: 0.2,
    fault: { kind: "status", status: 402, body: { success: false, error: "payment" } }
  }),
  pipedrive("blocked by the front", { weight: 0.3, fault: { kind: "cloudflare-block" } }),
  pipedrive("redirect to elsewhere", { weight: 0.3, fault: { kind: "redirect", location: "http://127.0.0.1:9/" } })
]
