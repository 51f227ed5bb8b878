/**
 * Everything around the program in one run: both services, a database, one or more server processes that are started
 * again whenever they end, and people who publish gists and look at what is new.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { GithubStandIn, PipedriveStandIn } from "@gitpip/core/testing"
import { Clock, Effect, Exit, Scope } from "effect"
import { graphqlEngine } from "../../packages/core/test/graphqlEngine.ts"
import type { Mutation } from "./orders.ts"
import * as PostgresProxy from "./PostgresProxy.ts"
import type { PostgresServer } from "./PostgresServer.ts"
import type { Random } from "./random.ts"
import * as ServerProcess from "./ServerProcess.ts"
import type { Time } from "./Time.ts"
import * as TlsFront from "./TlsFront.ts"

/** Something that is to happen at a statement of one server, once. */
export interface Trigger {
  readonly phase: "before" | "after"
  readonly matches: (step: PostgresProxy.Step) => boolean
  readonly act: (slot: Slot) => PostgresProxy.Verdict | Promise<PostgresProxy.Verdict>
}

/** The place of one server: whoever ends there is started again. */
export interface Slot {
  readonly index: number
  readonly proxy: PostgresProxy.PostgresProxy | undefined
  server: ServerProcess.ServerProcess
  readonly triggers: Array<Trigger>
  /** Real milliseconds that each statement is held up. */
  slowness: number
  /** Nothing is started in its place. */
  closed: boolean
}

export interface Mode {
  readonly token: boolean
  readonly feed: boolean
}

export interface WorldOptions {
  readonly time: Time
  readonly random: Random
  /** A server's database, or the embedded one. */
  readonly postgres?: PostgresServer | undefined
  readonly servers?: number
  readonly mutations?: ReadonlyArray<Mutation> | undefined
  /** Without a token users are looked at one by one; without the feed by scans alone. Default: both. */
  readonly mode?: Mode | undefined
  readonly env?: Readonly<Record<string, string>>
  readonly listLag?: number
  /** Sees every statement of every server. */
  readonly onStep?: ((step: PostgresProxy.Step, phase: "before" | "after") => void) | undefined
}

export interface World {
  readonly time: Time
  readonly random: Random
  readonly github: GithubStandIn
  readonly pipedrive: PipedriveStandIn
  /** What the servers know as Pipedrive. */
  readonly front: TlsFront.TlsFront
  readonly postgres: PostgresServer | undefined
  /** The database, past every proxy. */
  readonly database: URL | undefined
  readonly directory: string
  readonly slots: ReadonlyArray<Slot>
  /** How often each fault struck. */
  readonly struck: Map<string, number>
  readonly strike: (fault: string) => void
  /** The gists of everybody, by user. */
  readonly gists: Map<string, Array<string>>
  readonly secrets: ReadonlyArray<string>
  /** All that servers said, of lines that hold a secret or a stack. */
  readonly leaks: Array<string>
  /** It is so much later at once, for everybody but a PostgreSQL server. */
  readonly jump: (scaledMillis: number) => void
  /** A call to one server's API. Fails like any network. */
  readonly call: (
    slot: Slot,
    method: string,
    path: string
  ) => Promise<{ readonly status: number; readonly json: unknown }>
  readonly close: () => Promise<void>
}

let worlds = 0

const githubToken = "github-token-of-the-chaos"
const pipedriveToken = "pipedrive-token-of-the-chaos"

export const make = async (options: WorldOptions): Promise<World> => {
  const { postgres, random, time } = options
  const scope = Effect.runSync(Scope.make())
  const made = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
    Effect.runPromise(
      effect.pipe(Effect.provideService(Scope.Scope, scope), Effect.provideService(Clock.Clock, time.clock))
    )
  const github = await made(
    GithubStandIn.make({ token: githubToken, limit: false, host: "localhost", graphql: graphqlEngine })
  )
  const pipedrive = await made(
    PipedriveStandIn.make({
      token: pipedriveToken,
      host: "localhost",
      burst: false,
      dailyTokens: false,
      listLagMillis: options.listLag ?? 30_000
    })
  )
  const front = await TlsFront.make(pipedrive.url)
  const directory = await mkdtemp(join(tmpdir(), "gitpip-chaos-data-"))
  const database = await postgres?.createDatabase(`run_${process.pid}_${++worlds}`, time)
  const struck = new Map<string, number>()
  const leaks: Array<string> = []
  const secrets = [githubToken, pipedriveToken, "postgres:postgres@"]
  let closing = false

  const env = {
    GITHUB_TOKEN: options.mode?.token === false ? "" : githubToken,
    GITPIP_FEED: String(options.mode?.feed ?? true),
    GITHUB_API_URL: github.url.origin,
    PIPEDRIVE_TOKEN: pipedriveToken,
    PIPEDRIVE_API_URL: front.origin,
    NODE_EXTRA_CA_CERTS: TlsFront.authority,
    GITPIP_SCAN_INTERVAL: "30 seconds",
    ...options.env
  }

  const hook = (slot: Slot, phase: "before" | "after") => async (step: PostgresProxy.Step) => {
    options.onStep?.(step, phase)
    if (slot.slowness > 0 && phase === "before") await pause(slot.slowness)
    const at = slot.triggers.findIndex((trigger) => trigger.phase === phase && trigger.matches(step))
    return at === -1 ? "pass" : (slot.triggers.splice(at, 1)[0] as Trigger).act(slot)
  }

  const slots: Array<Slot> = []
  for (let index = 0; index < (options.servers ?? 1); index++) {
    const proxy = postgres === undefined ? undefined : await PostgresProxy.make({ port: postgres.port })
    const launch = () => {
      const url = database === undefined ? undefined : new URL(database)
      if (url !== undefined) {
        url.port = String(proxy?.port)
        // In that fast time 10 seconds are over before a busy machine has made a connection.
        url.searchParams.set("connect_timeout", "600")
      }
      return ServerProcess.start({
        time,
        mutations: options.mutations,
        env: {
          ...env,
          ...(url === undefined ? { GITPIP_DATA_DIR: directory } : { POSTGRES_CONNECTION_STRING: url.href })
        },
        onLine: (line) => {
          if (secrets.some((secret) => line.includes(secret))) leaks.push(line)
        }
      })
    }
    const slot: Slot = { index, proxy, server: launch(), triggers: [], slowness: 0, closed: false }
    if (proxy !== undefined) proxy.hooks = { before: hook(slot, "before"), after: hook(slot, "after") }
    const watch = async (): Promise<void> => {
      await slot.server.exited
      // As a service manager would.
      await pause(random.int(10, 100))
      if (closing || slot.closed) return
      slot.server = launch()
      return watch()
    }
    watch()
    slots.push(slot)
  }

  return {
    time,
    random,
    github,
    pipedrive,
    front,
    postgres,
    database,
    directory,
    slots,
    struck,
    strike: (fault) => void struck.set(fault, (struck.get(fault) ?? 0) + 1),
    gists: new Map(),
    secrets,
    leaks,
    jump: (millis) => {
      time.jump(millis)
      for (const { server } of slots) void server.order({ type: "skew", millis })
    },
    call: async (slot, method, path) => {
      const address = await Promise.race([slot.server.address, late(60_000)])
      const answer = await fetch(new URL(path, address), { method, signal: AbortSignal.timeout(10_000) })
      return { status: answer.status, json: await answer.json() }
    },
    close: async () => {
      closing = true
      await Promise.all(slots.map(({ server }) => server.kill()))
      await Promise.all(slots.map(({ proxy }) => proxy?.close()))
      await front.close()
      await Effect.runPromise(Scope.close(scope, Exit.void))
      await rm(directory, { recursive: true, force: true })
    }
  }
}

const late = (millis: number): Promise<never> =>
  pause(millis, undefined, { ref: false }).then(() => Promise.reject(new Error("the server does not listen yet")))
