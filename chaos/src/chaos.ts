/** One run: people publish and visit, faults strike, and in the end each file must be there exactly once. */
import { Duration } from "effect"
import { choice } from "./faults/choice.ts"
import { themes } from "./faults/FaultKind.ts"
import type { Verdict } from "./Oracle.ts"
import * as PostgresServer from "./PostgresServer.ts"
import { type Books, makeBooks, publish, track, users, visit, visitors } from "./people.ts"
import * as Random from "./random.ts"
import type { Slot } from "./Slot.ts"
import { settle } from "./settle.ts"
import * as Time from "./Time.ts"
import * as World from "./World.ts"

export interface RunOptions {
  /** Decides which faults are made, in which order and with which sizes. Threads and networks decide the rest. */
  readonly seed: number
  readonly database: "postgres" | "embedded"
  readonly servers: number
  readonly mode?: World.Mode | undefined
  /** What files become. Default: activities. */
  readonly publishAs?: "activity" | "lead" | undefined
  /** The faults go on until this many have struck, however long that takes. */
  readonly faultCount: number
  /** Faults whose names match; all otherwise. */
  readonly only?: RegExp | undefined
  readonly onProgress?: (text: string) => void
}

export interface RunResult {
  readonly seed: number
  readonly struck: ReadonlyMap<string, number>
  readonly faultCount: number
  readonly verdict: Verdict
  /** Duplicates that Gitpip deleted. */
  readonly deletedDuplicates: number
  readonly visits: number
  readonly unanswered: number
  readonly retried: number
  readonly dump: string
}

/** For each fault that is to strike. */
const maxRounds = 20

/** After this many rounds in which no fault strikes, the clock is advanced. */
const quietRounds = 10

export const run = async (options: RunOptions): Promise<RunResult> => {
  const random = Random.make(options.seed)
  const time = Time.make()
  const postgres = options.database === "postgres" ? await PostgresServer.start() : undefined
  const world = await World.make({
    time,
    random,
    postgres,
    servers: options.servers,
    mode: options.mode,
    env: { GITPIP_PUBLISH_AS: options.publishAs ?? "activity" },
    listLag: random.int(0, 120_000)
  })
  const books = makeBooks()
  try {
    await track(world, world.slots[0] as Slot)
    await strikeOften(world, books, options)
    options.onProgress?.("faults cleared; settling")
    const { dump, retried, verdict } = await settle(world, books)
    return {
      seed: options.seed,
      struck: world.struck,
      faultCount: countStruck(world),
      verdict,
      deletedDuplicates: (["/api/v2/activities/{id}", "/api/v1/leads/{id}"] as const)
        .map((route) => world.pipedrive.count("DELETE", route, 200))
        .reduce((sum, n) => sum + n),
      visits: books.visits.length,
      unanswered: books.unanswered,
      retried,
      dump
    }
  } finally {
    await world.close()
    await postgres?.stop()
  }
}

/** Injects faults until as many have struck as the run wants. */
const strikeOften = async (world: World.World, books: Books, options: RunOptions): Promise<void> => {
  const { random } = world
  const next = choice(world, options.only)
  // Where few faults are possible, or few of them strike, a run ends nevertheless.
  let rounds = maxRounds * options.faultCount
  const goesOn = () => rounds > 0 && countStruck(world) < options.faultCount
  let struckAt = rounds
  let before = 0
  const injections = new Set<Promise<void>>()
  while (goesOn()) {
    const theme = random.pick(themes)
    for (let n = random.int(10, 30); n > 0 && goesOn(); n--) {
      rounds--
      if (countStruck(world) !== before) {
        before = countStruck(world)
        struckAt = rounds
      }
      // Nothing has struck for a while: a limit, a pause or a stopped server lasts for hours.
      if (struckAt - rounds > quietRounds)
        world.advance(Duration.minutes(2 ** Math.min(struckAt - rounds - quietRounds, 6)))
      for (let n = random.int(0, theme === "services" ? 6 : 2); n > 0; n--) publish(world, books)
      if (random.chance(0.4))
        void visit(books, random.pick(world.slots), { user: random.pick(users), visitor: random.pick(visitors) })
      for (let n = theme === "processes" ? 1 : random.int(1, 6); n > 0; n--) {
        const injection = Promise.resolve(next(theme).inject(world)).finally(() => injections.delete(injection))
        injections.add(injection)
      }
      // Time passes while there is nothing to do; a server that is at work may be met in the middle of it.
      const seconds = theme === "processes" ? random.int(6, 42) : random.int(1, 9)
      await Promise.race([world.time.sleep(seconds * 1_000), world.work(random.int(20, 400))])
    }
  }
  await Promise.all(injections)
}

const countStruck = ({ struck }: World.World): number => [...struck.values()].reduce((sum, n) => sum + n, 0)
