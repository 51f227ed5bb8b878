/**
 * Everything around the program in one run: both services, a database, server processes that start again whenever they
 * end, and people who publish gists and ask what is new.
 */
import { cp, rm } from "node:fs/promises"
import { join } from "node:path"
import { FakeGithub, FakePipedrive } from "@gitpip/core/testing"
import { Clock, Effect, Exit, Scope } from "effect"
import { graphqlEngine } from "../../packages/core/test/github/graphqlEngine.ts"
import { scratchDirectory } from "../../packages/core/test/scratch.ts"
import { prepareEmbedded } from "../../packages/core/test/templates.ts"
import * as Driver from "./Driver.ts"
import { dump } from "./dump.ts"
import type { PostgresServer } from "./PostgresServer.ts"
import type { Random } from "./random.ts"
import * as Slot from "./Slot.ts"
import type { Time } from "./Time.ts"
import * as TlsFront from "./TlsFront.ts"

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
  /** Without a schema the first server migrates. Default: migrated. */
  readonly schema?: "migrated" | "empty"
  /** Rules of the program that are switched off. */
  readonly rulesOff?: ReadonlyArray<string> | undefined
  /** Without a token Gitpip checks users one by one; without the feed by scans alone. Default: both. */
  readonly mode?: Mode | undefined
  readonly env?: Readonly<Record<string, string>>
  readonly listLag?: number
}

/** The whole of one run, as faults, people and the oracle use it. */
export interface World {
  readonly time: Time
  readonly random: Random
  readonly github: FakeGithub
  readonly pipedrive: FakePipedrive
  /** The address at which servers find Pipedrive. */
  readonly front: TlsFront.TlsFront
  readonly postgres: PostgresServer | undefined
  /** The database, past every proxy. */
  readonly database: URL | undefined
  readonly directory: string
  /** The settings of its servers. */
  readonly env: Readonly<Record<string, string>>
  readonly slots: ReadonlyArray<Slot.Slot>
  /** How often each fault has struck. */
  readonly struck: Map<string, number>
  readonly noteStruck: (fault: string) => void
  /** Ids of gists by user. */
  readonly gists: Map<string, Array<string>>
  /** Lines of servers that hold a secret. */
  readonly leaks: Array<string>
  readonly advance: Driver.Driver["advance"]
  readonly rest: Driver.Driver["rest"]
  readonly work: Driver.Driver["work"]
  /** Waits until it holds. Fails when it does not hold within a day of this world's time. The machine's time does not count. */
  readonly until: (what: string, holds: () => boolean | Promise<boolean>) => Promise<void>
  /** Calls the API of one server. Rejects when the network fails. */
  readonly call: (
    slot: Slot.Slot,
    method: string,
    path: string
  ) => Promise<{ readonly status: number; readonly json: unknown }>
  readonly close: () => Promise<void>
}

let worlds = 0

const githubToken = "github-token-of-the-chaos"
const pipedriveToken = "pipedrive-token-of-the-chaos"
const secrets = [githubToken, pipedriveToken, "postgres:postgres@"]

/** A field of persons for usernames, which the company has added. */
export const personField = { key: "0123456789".repeat(4), name: "GitHub" }

const minute = 60_000
const day = 24 * 60 * minute

export const make = async (options: WorldOptions): Promise<World> => {
  const { postgres, random, time } = options
  const { closeServices, github, pipedrive } = await startServices(options)
  const front = await TlsFront.make(pipedrive.url)
  const { database, directory } = await prepareDatabase(options)
  const struck = new Map<string, number>()
  const leaks: Array<string> = []
  const env: Record<string, string> = {
    GITHUB_TOKEN: options.mode?.token === false ? "" : githubToken,
    GITPIP_FEED: String(options.mode?.feed ?? true),
    GITHUB_API_URL: github.url.origin,
    PIPEDRIVE_TOKEN: pipedriveToken,
    PIPEDRIVE_API_URL: front.origin,
    NODE_EXTRA_CA_CERTS: TlsFront.authority,
    GITPIP_SCAN_INTERVAL: "30 seconds",
    GITPIP_PERSON: "create",
    GITPIP_ORGANIZATION: "create",
    ...(database === undefined ? { GITPIP_DATA_DIR: directory } : {}),
    ...options.env
  }
  const onLine = (line: string) => {
    if (secrets.some((secret) => line.includes(secret))) leaks.push(line)
  }
  const slots: Array<Slot.Slot> = []
  for (let index = 0; index < (options.servers ?? 1); index++)
    slots.push(await Slot.make(index, { time, random, postgres, database, env, rulesOff: options.rulesOff, onLine }))
  const driver = Driver.make({ time, github, pipedrive, front, postgres, database, slots })
  const parts = { time, random, github, pipedrive, front, postgres, database, directory, env, slots, struck, leaks }
  const { advance, rest, stop, work } = driver
  return {
    ...parts,
    noteStruck: (fault) => void struck.set(fault, (struck.get(fault) ?? 0) + 1),
    gists: new Map(),
    advance,
    rest,
    work,
    until: (what, holds) => until({ ...parts, advance, rest }, what, holds),
    call: async (slot, method, path) => {
      const answer = await fetch(new URL(path, await slot.server.address), { method })
      return { status: answer.status, json: await answer.json() }
    },
    close: async () => {
      await Promise.all([stop(), ...slots.map(Slot.close)])
      await Promise.all(slots.map(({ proxy }) => proxy?.close()))
      await front.close()
      await closeServices()
      time.close()
      await rm(directory, { recursive: true, force: true })
    }
  }
}

/** Both services on the world's clock. */
const startServices = async ({ listLag, time }: WorldOptions) => {
  const scope = Effect.runSync(Scope.make())
  const made = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
    Effect.runPromise(
      effect.pipe(Effect.provideService(Scope.Scope, scope), Effect.provideService(Clock.Clock, time.clock))
    )
  const github = await made(
    FakeGithub.make({ token: githubToken, limit: false, host: "localhost", graphql: graphqlEngine })
  )
  const pipedrive = await made(
    FakePipedrive.make({
      token: pipedriveToken,
      host: "localhost",
      burst: false,
      dailyTokens: false,
      listLagMillis: listLag ?? 30_000,
      setup: { personFields: [personField] }
    })
  )
  return { github, pipedrive, closeServices: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

/** A database of the server, or the files of an embedded one. */
const prepareDatabase = async ({ postgres, schema = "migrated", time }: WorldOptions) => {
  const directory = await scratchDirectory("chaos-data")
  const database = await postgres?.createDatabase(`run_${process.pid}_${++worlds}`, { time, schema })
  if (postgres === undefined && schema === "migrated")
    await cp(join(await prepareEmbedded(), "postgres"), join(directory, "postgres"), { recursive: true })
  return { database, directory }
}

const until = async (
  world: Pick<World, "time" | "struck" | "database" | "slots" | "advance" | "rest">,
  what: string,
  holds: () => boolean | Promise<boolean>
): Promise<void> => {
  const { struck, time } = world
  let begin = time.now()
  let faults = countOf(struck)
  while (!(await holds())) {
    // Each fault begins the wait again: a killed server leaves leases of minutes behind.
    if (countOf(struck) !== faults) {
      faults = countOf(struck)
      begin = time.now()
    }
    const waited = time.now() - begin
    if (waited > day)
      throw new Error(`A day after the last fault it is still not so that ${what}\n${await dump(world)}`)
    // Only a lease or a delay of minutes takes that long.
    if (waited > minute) world.advance(minute)
    await world.rest()
  }
}

const countOf = (struck: ReadonlyMap<string, number>): number => struck.values().reduce((sum, n) => sum + n, 0)
