/**
 * Shows that the oracle notices a missing rule. Each rule of the program is switched off in turn, by its name, in a
 * situation where only that rule prevents a fault. Plain wirings in the same situation are the control.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Oracle from "./Oracle.ts"
import type { PostgresServer } from "./PostgresServer.ts"
import { type Books, makeBooks, publish, track, users, visit } from "./people.ts"
import * as Random from "./random.ts"
import type { Slot } from "./Slot.ts"
import { settle } from "./settle.ts"
import * as Time from "./Time.ts"
import * as World from "./World.ts"

export interface Proof {
  /** The rule's name in `core/src/domain/rules.ts`, or the name of a rule in the database. */
  readonly rule: string
  /** SQL that keeps a rule in the database, or switches it off. */
  readonly database?: (rule: "on" | "off") => string
  readonly servers: number
  readonly situation: (world: World.World, books: Books) => Promise<void>
  /** What must be wrong without the rule. */
  readonly violates: keyof Pick<Oracle.Verdict, "lost" | "doubled" | "visits">
}

const isActivityCreate = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
  method === "POST" && route === "/api/v2/activities"
const slot = (world: World.World, index: number) => world.slots[index] as Slot
const createsArrived = (world: World.World, count: number) =>
  world.until(
    `${count} creates of activities have reached Pipedrive`,
    () => world.pipedrive.requests.filter(isActivityCreate).length >= count
  )
/** Waits until each user was checked. A server stopped before could hold locks on new files, and the other would wait for them. */
const allChecked = (world: World.World) =>
  world.until("each user was checked", async () => {
    const { json } = await world.call(slot(world, 0), "GET", "/users")
    return (json as ReadonlyArray<{ readonly state: string }>).every(({ state }) => state !== "new")
  })

/**
 * What makes visits of a user overlap, between what a visit reads and what it stores. Under the lock none comes meanwhile. Without it
 * each second visit is waited for, by turns: a slow machine takes longer for a turn.
 */
const overlap = {
  on: "perform pg_sleep(0.02);",
  off: `declare
      arrivals regclass := ''visit_arrivals_'' || owner % 8;
      own bigint := nextval(arrivals);
    begin
      for turn in 1..600 loop
        exit when own % 2 = 0 or pg_sequence_last_value(arrivals) > own;
        perform pg_sleep(0.005);
      end loop;
    end;`
}

/** One situation for each rule in which only that rule prevents a fault. */
export const proofs: ReadonlyArray<Proof> = [
  {
    rule: "lookupBeforeResend",
    servers: 1,
    violates: "doubled",
    situation: async (world, books) => {
      world.pipedrive.injectFault({ kind: "lost" }, { times: 2, when: isActivityCreate })
      for (let n = 0; n < 5; n++) publish(world, books, "ann")
      await createsArrived(world, 2)
    }
  },
  {
    rule: "filesAndOutboxInOneTransaction",
    servers: 1,
    violates: "lost",
    situation: async (world, books) => {
      let isKilled = false
      slot(world, 0).triggers.push({
        phase: "after",
        matches: ({ statement }) => statement.includes("insert into gist_files"),
        act: ({ server }) => {
          void server.kill()
          isKilled = true
          return "reset"
        }
      })
      for (let n = 0; n < 3; n++) publish(world, books, "ann")
      await world.until("the server is killed between the files and the outbox", () => isKilled)
    }
  },
  {
    rule: "fence",
    servers: 2,
    violates: "doubled",
    situation: async (world, books) => {
      const [first, second] = [slot(world, 0), slot(world, 1)]
      await allChecked(world)
      second.server.pause()
      const sent = Promise.withResolvers<void>()
      first.triggers.push({
        phase: "before",
        matches: ({ statement }) => statement.startsWith("update publications set sent_at"),
        act: async ({ server }) => {
          server.pause()
          second.server.resume()
          // The lease ends, and the other server publishes.
          await world
            .until("the other server has published", async () => {
              const { json } = await world.call(second, "GET", "/publications?state=published")
              return (json as ReadonlyArray<unknown>).length > 0
            })
            .then(sent.resolve, sent.reject)
          server.resume()
          return "pass" as const
        }
      })
      publish(world, books, "ann")
      await sent.promise
    }
  },
  {
    rule: "visitLocksUser",
    database: (rule) => `do $do$ declare
        definition text := pg_get_functiondef('record_visit'::regproc);
        locks constant text := ' for update( skip locked)?;';
      begin
        if regexp_count(definition, locks) <> 2 then
          raise exception 'record_visit does not lock in two places';
        end if;
        for n in 0..7 loop execute format('create sequence if not exists visit_arrivals_%s', n); end loop;
        if position('if seen is null then' in definition) = 0 then
          raise exception 'record_visit does not read and then store';
        end if;
        definition := replace(definition, 'if seen is null then', '${overlap[rule]} if seen is null then');
        execute ${rule === "on" ? "definition" : "regexp_replace(definition, locks, ';', 'g')"};
      end $do$`,
    servers: 2,
    violates: "visits",
    situation: async (world, books) => {
      for (let round = 1; round <= 2; round++) {
        for (const user of users) publish(world, books, user)
        await createsArrived(world, books.files.size)
        await Promise.all(
          users.flatMap((user) =>
            world.slots.flatMap((at) => [1, 2, 3].map(() => visit(books, at, { user, visitor: "eve" })))
          )
        )
      }
    }
  }
]

/** What is wrong in the end, with the rule or without it. */
export const outcome = async (postgres: PostgresServer, proof: Proof, rule: "on" | "off"): Promise<Oracle.Verdict> => {
  const world = await World.make({
    time: Time.make(),
    random: Random.make(1),
    postgres,
    servers: proof.servers,
    listLag: 0,
    rulesOff: rule === "off" && proof.database === undefined ? [proof.rule] : []
  })
  const books = makeBooks()
  try {
    if (proof.database !== undefined) await postgres.alter(world.database as URL, [proof.database(rule)])
    await Promise.all(world.slots.map(({ server }) => server.address))
    await track(world, slot(world, 0))
    await proof.situation(world, books)
    return (await settle(world, books)).verdict
  } finally {
    await world.close()
  }
}

/** Publishes six files by a plain wiring. Its first six creates kill it, in turn before and after Pipedrive has created. */
export const plainWiring = async (order: "before" | "after") => {
  const world = await World.make({ time: Time.make(), random: Random.make(1), servers: 0 })
  const books = makeBooks()
  try {
    world.github.addUser("ann")
    const deal = world.pipedrive.addDeal({ title: "ann" })
    for (let n = 0; n < 6; n++) {
      books.files.set(`${n}.md`, "ann")
      world.github.addGist("ann", { files: { [`${n}.md`]: "" } })
    }
    let kill = () => undefined as unknown
    for (let n = 0; n < 3; n++) {
      for (const fault of [{ kind: "hang" }, { kind: "lost", how: "hang" }] as const) {
        world.pipedrive.injectFault(fault, {
          when: (request) => {
            if (!isActivityCreate(request)) return false
            kill()
            return true
          }
        })
      }
    }
    for (let lives = 0; ; lives++) {
      const child = spawn(
        process.execPath,
        [fileURLToPath(new URL("plainWiring.ts", import.meta.url)), order, join(world.directory, "marks")],
        {
          env: {
            GITHUB: world.github.url.href,
            PIPEDRIVE: world.pipedrive.url.href,
            TOKEN: world.pipedrive.token,
            DEAL: String(deal)
          },
          stdio: "ignore"
        }
      )
      kill = () => child.kill("SIGKILL")
      const [code] = await once(child, "exit")
      if (code === 0) {
        const { doubled, lost } = Oracle.publications(world, books)
        return {
          kills: lives,
          lost: lost.length,
          doubled: doubled.length,
          activities: world.pipedrive.activities.length
        }
      }
    }
  } finally {
    await world.close()
  }
}
