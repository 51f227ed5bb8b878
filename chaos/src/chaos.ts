/** One run: people publish and look, faults strike, and in the end everything must be there exactly once. */
import { setTimeout as pause } from "node:timers/promises"
import { choice, themes } from "./faults.ts"
import type { Verdict } from "./Oracle.ts"
import type { Mutation } from "./orders.ts"
import * as PostgresServer from "./PostgresServer.ts"
import { makeBooks, publish, track, users, visit, visitors } from "./people.ts"
import * as Random from "./random.ts"
import { settle } from "./settle.ts"
import * as Time from "./Time.ts"
import * as World from "./World.ts"

export interface RunOptions {
  /** Decides which faults are made, in which order and with which sizes. Threads and networks decide the rest. */
  readonly seed: number
  readonly database: "postgres" | "embedded"
  readonly servers: number
  readonly mode?: World.Mode | undefined
  /** Real time of faults; mending and checking come on top. */
  readonly seconds: number
  /** Goes on, at most three times as long, until so many have struck: a busy machine is slow to meet them. */
  readonly atLeast?: number
  readonly speed?: number
  readonly mutations?: ReadonlyArray<Mutation>
  /** Faults whose names match; all otherwise. */
  readonly only?: RegExp | undefined
  readonly onProgress?: (text: string) => void
}

export interface RunResult {
  readonly seed: number
  readonly struck: ReadonlyMap<string, number>
  readonly faults: number
  readonly verdict: Verdict
  /** Activities that were there twice for a time. */
  readonly retracted: number
  readonly visits: number
  readonly unanswered: number
  readonly retried: number
  readonly dump: string
}

export const run = async (options: RunOptions): Promise<RunResult> => {
  const random = Random.make(options.seed)
  const time = Time.make(options.speed ?? 60)
  const postgres = options.database === "postgres" ? await PostgresServer.start() : undefined
  const world = await World.make({
    time,
    random,
    postgres,
    servers: options.servers,
    mutations: options.mutations,
    mode: options.mode,
    listLag: random.int(0, 120_000)
  })
  const books = makeBooks()
  try {
    await track(world, world.slots[0] as World.Slot)
    const next = choice(world, options.only)
    const begin = performance.now()
    const goesOn = () => {
      const seconds = (performance.now() - begin) / 1_000
      return seconds < options.seconds || (seconds < 3 * options.seconds && faults(world) < (options.atLeast ?? 0))
    }
    const injections = new Set<Promise<void>>()
    while (goesOn()) {
      const theme = random.pick(themes)
      const change = performance.now() + random.int(1_500, 4_000)
      while (performance.now() < change && goesOn()) {
        for (let n = random.int(0, theme === "services" ? 6 : 2); n > 0; n--) publish(world, books)
        if (random.chance(0.4)) void visit(books, random.pick(world.slots), random.pick(users), random.pick(visitors))
        for (let n = theme === "processes" ? 1 : random.int(1, 6); n > 0; n--) {
          const injection = Promise.resolve(next(theme).inject(world)).finally(() => injections.delete(injection))
          injections.add(injection)
        }
        await pause(theme === "processes" ? random.int(100, 700) : random.int(20, 150))
      }
    }
    await Promise.all(injections)
    options.onProgress?.("mended; settling")
    const { dump, retried, verdict } = await settle(world, books)
    return {
      seed: options.seed,
      struck: world.struck,
      faults: faults(world),
      verdict,
      retracted: world.pipedrive.count("DELETE", "/api/v2/activities/{id}", 200),
      visits: books.told.length,
      unanswered: books.unanswered,
      retried,
      dump
    }
  } finally {
    await world.close()
    await postgres?.stop()
  }
}

const faults = ({ struck }: World.World): number => [...struck.values()].reduce((sum, n) => sum + n, 0)
