/**
 * Everything around the program in one run: both services, a database, one or more server processes that are started
 * again whenever they end, and people who publish gists and look at what is new.
 */
import { cp, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises"
import { FakeGithub, FakePipedrive } from "@gitpip/core/testing"
import { Clock, Duration, Effect, Exit, Scope } from "effect"
import { graphqlEngine } from "../../packages/core/test/github/graphqlEngine.ts"
import { prepareEmbedded } from "../../packages/core/test/templates.ts"
import { dump } from "./dump.ts"
import * as PostgresProxy from "./PostgresProxy.ts"
import type { PostgresServer } from "./PostgresServer.ts"
import type { Random } from "./random.ts"
import * as ServerProcess from "./ServerProcess.ts"
import type { Time } from "./Time.ts"
import * as TlsFront from "./TlsFront.ts"

/** Something that is to happen at a statement of one server, once. */
interface Trigger {
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
  /** Milliseconds that each statement is held up. */
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
  /** Without a schema the first server migrates. Default: migrated. */
  readonly schema?: "migrated" | "empty"
  readonly rulesOff?: ReadonlyArray<string> | undefined
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
  readonly github: FakeGithub
  readonly pipedrive: FakePipedrive
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
  /** So much time has passed at once, for everybody. */
  readonly advance: (duration: Duration.Input) => void
  /** Completes when the clock has been advanced, and nobody has anything to do after that. */
  readonly rest: () => Promise<void>
  /** Completes when so many more statements and requests have been seen, or as `rest`. */
  readonly work: (amount: number) => Promise<void>
  /** Waits until it holds. Fails when it does not within a day of this world's time, without regard to the machine's. */
  readonly until: (what: string, holds: () => boolean | Promise<boolean>) => Promise<void>
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

const countOf = (struck: ReadonlyMap<string, number>): number => struck.values().reduce((sum, n) => sum + n, 0)

export const make = async (options: WorldOptions): Promise<World> => {
  const { postgres, random, time } = options
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
      listLagMillis: options.listLag ?? 30_000
    })
  )
  const front = await TlsFront.make(pipedrive.url)
  const directory = await mkdtemp(join(tmpdir(), "gitpip-chaos-data-"))
  const schema = options.schema ?? "migrated"
  const database = await postgres?.createDatabase(`run_${process.pid}_${++worlds}`, { time, schema })
  if (postgres === undefined && schema === "migrated")
    await cp(join(await prepareEmbedded(), "postgres"), join(directory, "postgres"), { recursive: true })
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
    if (slot.slowness > 0 && phase === "before") await time.sleep(slot.slowness)
    const at = slot.triggers.findIndex((trigger) => trigger.phase === phase && trigger.matches(step))
    return at === -1 ? "pass" : (slot.triggers.splice(at, 1)[0] as Trigger).act(slot)
  }

  const slots: Array<Slot> = []
  for (let index = 0; index < (options.servers ?? 1); index++) {
    const proxy = postgres === undefined ? undefined : await PostgresProxy.make({ port: postgres.port })
    const launch = () => {
      const url = database === undefined ? undefined : new URL(database)
      if (url !== undefined) url.port = String(proxy?.port)
      return ServerProcess.start({
        time,
        rulesOff: options.rulesOff,
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
      await time.sleep(random.int(10, 100))
      if (closing || slot.closed) return
      slot.server = launch()
      return watch()
    }
    watch()
    slots.push(slot)
  }

  const driver = drive({ time, github, pipedrive, front, postgres, database, slots })

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
    advance: driver.advance,
    rest: driver.rest,
    work: driver.work,
    until: async (what, holds) => {
      let begin = time.now()
      let faults = countOf(struck)
      while (!(await holds())) {
        // After a fault the wait is another one: a killed server leaves leases of minutes behind.
        if (countOf(struck) !== faults) {
          faults = countOf(struck)
          begin = time.now()
        }
        const waited = time.now() - begin
        if (waited > day) {
          throw new Error(
            `A day after the last fault it is still not so that ${what}\n${await dump({ database, slots })}`
          )
        }
        // It is a lease or a delay of minutes that is waited for.
        if (waited > minute) driver.advance(minute)
        await driver.rest()
      }
    },
    call: async (slot, method, path) => {
      const answer = await fetch(new URL(path, await slot.server.address), { method })
      return { status: answer.status, json: await answer.json() }
    },
    close: async () => {
      closing = true
      await Promise.all([driver.stop(), ...slots.map(({ server }) => server.kill())])
      await Promise.all(slots.map(({ proxy }) => proxy?.close()))
      await front.close()
      await Effect.runPromise(Scope.close(scope, Exit.void))
      time.close()
      await rm(directory, { recursive: true, force: true })
    }
  }
}

const minute = 60_000
const day = 24 * 60 * minute

/** No longer than the interval of the scans, and a fraction of every lease. */
const maxStride = 30_000

/** Milliseconds between two reports of servers that stay busy. A start is busy for long, and reports cost it time. */
const maxPause = 8

/** Advances the clock to whatever is due next, each time that nobody has anything to do. */
const drive = (world: Pick<World, "time" | "github" | "pipedrive" | "front" | "postgres" | "database" | "slots">) => {
  const { database, front, github, pipedrive, postgres, slots, time } = world
  let isOver = false
  let jumps = 0
  /** While no service is asked for anything, jumps get longer: servers poll their database every second or two. */
  let stride = 0
  let asked = 0
  let waiting: Array<{ readonly jumps: number; readonly seen: number; readonly done: () => void }> = []

  const seen = () =>
    github.count() + pipedrive.count() + front.seen() + slots.reduce((sum, { proxy }) => sum + (proxy?.seen() ?? 0), 0)

  const answers = () => [github.underWay(), pipedrive.underWay()]
  const answering = () => answers().reduce((sum, { answering }) => sum + answering, 0)

  /** Asks every server. What nobody can be asked for, a paused or dead one, has nothing to do. */
  const ask = async () => {
    const reports = await Promise.all(
      slots.map(({ server }) =>
        server.alive() && !server.paused() ? server.order({ type: "report" }) : Promise.resolve(undefined)
      )
    )
    // What has arrived meanwhile is read.
    await turn()
    const pids = slots.map(({ server }) => `${server.pid} ${server.alive()} ${server.paused()}`)
    return {
      state: [
        seen(),
        ...answers().map(({ written }) => written),
        ...pids,
        ...reports.map((report) => report?.turns)
      ].join(),
      isBusy:
        reports.some((report) => report?.isBusy === true) ||
        // A paused client never comes to the end of it.
        slots.some(({ proxy, server }) => !server.paused() && (proxy?.starting() ?? 0) > 0),
      wait: Math.min(
        time.wait(),
        Math.max(stride, Math.min(...reports.map((report) => report?.wait ?? Number.POSITIVE_INFINITY)))
      )
    }
  }

  const isPostgresBusy = async () =>
    slots.some(({ proxy }) => (proxy?.underWay() ?? 0) > 0) &&
    postgres !== undefined &&
    database !== undefined &&
    (await postgres.isWorking(database))

  const advance = (duration: Duration.Input) => {
    const millis = Duration.toMillis(Duration.fromInputUnsafe(duration))
    jumps++
    time.advance(millis)
    for (const { server } of slots) server.advance(millis)
  }

  const wake = (isReady: (one: (typeof waiting)[number]) => boolean): boolean => {
    const ready = waiting.filter(isReady)
    waiting = waiting.filter((one) => !ready.includes(one))
    for (const { done } of ready) done()
    return ready.length > 0
  }

  const run = async () => {
    let before = ""
    let same = 0
    let busyPause = 1
    while (!isOver) {
      const { isBusy, state, wait } = await ask()
      same = state === before && !isBusy ? same + 1 : 0
      before = state
      const now = seen()
      if (wake((one) => one.seen <= now)) same = 0
      if (same < 2) {
        // Decides nothing: others are left the processor.
        if (same === 0) {
          await pause(busyPause)
          busyPause = Math.min(2 * busyPause, maxPause)
        }
        continue
      }
      busyPause = 1
      // What the caller of an answer or of a handshake does with it may not show at once.
      if (same < 10 && (front.starting() > 0 || answering() > 0)) continue
      // A statement that takes long is asked about now and then only.
      if (slots.some(({ proxy }) => (proxy?.underWay() ?? 0) > 0) && (same < 10 || (await isPostgresBusy()))) {
        if (same >= 10) same = 2
        continue
      }
      if (seen() !== now) {
        same = 0
        continue
      }
      if (wake((one) => one.jumps < jumps)) {
        same = 0
        await turn()
      } else if (Number.isFinite(wait)) {
        same = 0
        const requests = github.count() + pipedrive.count()
        stride = requests === asked ? Math.min(Math.max(2 * stride, 1_000), maxStride) : 0
        asked = requests
        advance(wait)
      } else await pause(1)
    }
  }
  const ended = run()

  const wait = (amount: number) =>
    new Promise<void>((done) => void waiting.push({ jumps, seen: seen() + amount, done }))
  return {
    advance,
    rest: () => wait(Number.POSITIVE_INFINITY),
    work: wait,
    stop: async () => {
      isOver = true
      await ended
    }
  }
}
