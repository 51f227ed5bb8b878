/**
 * The harness put to the test: each rule of the program is switched off in turn, by changing its text as it is loaded, in
 * a situation that only this rule saves. What plain wirings do in such a situation is the control.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { Effect } from "effect"
import * as Oracle from "./Oracle.ts"
import type { Mutation } from "./orders.ts"
import type { PostgresServer } from "./PostgresServer.ts"
import { type Books, makeBooks, publish, track, users, visit } from "./people.ts"
import * as Random from "./random.ts"
import { settle } from "./settle.ts"
import * as Time from "./Time.ts"
import * as World from "./World.ts"

export interface Proof {
  readonly rule: string
  /** Switch it off. */
  readonly mutations: ReadonlyArray<Mutation>
  readonly servers: number
  readonly situation: (world: World.World, books: Books) => Promise<void>
  /** What must be wrong without the rule. */
  readonly red: keyof Pick<Oracle.Verdict, "lost" | "doubled" | "visits">
}

const isCreate = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
  method === "POST" && route === "/api/v2/activities"
const slot = (world: World.World, index: number) => world.slots[index] as World.Slot
const arrived = (world: World.World, count: number) =>
  Effect.runPromise(world.pipedrive.seen(count, isCreate).pipe(Effect.timeout("30 seconds")))
/** Until everybody has been looked at. A server that is stopped while it stores what is new holds locks that others wait for. */
const lookedAt = async (world: World.World) => {
  for (;;) {
    const { json } = await world.call(slot(world, 0), "GET", "/users")
    if ((json as ReadonlyArray<{ readonly state: string }>).every(({ state }) => state !== "new")) return
    await pause(50)
  }
}

export const proofs: ReadonlyArray<Proof> = [
  {
    rule: "look before sending again",
    mutations: [
      {
        file: "core/dist/Publisher.js",
        from: "if (claim.sentAt !== null && claim.target !== null) {",
        to: "if (claim.sentAt === undefined) {"
      }
    ],
    servers: 1,
    red: "doubled",
    situation: async (world, books) => {
      world.pipedrive.misbehave({ kind: "lost" }, { times: 2, when: isCreate })
      for (let n = 0; n < 5; n++) publish(world, books, "ann")
      await arrived(world, 2)
    }
  },
  {
    rule: "files and outbox in one transaction",
    mutations: [
      {
        file: "core/dist/repository/GistFiles.js",
        from: "sql.withTransaction(addAll(intakes))",
        to: "addAll(intakes)"
      },
      {
        file: "core/dist/repository/GistFiles.js",
        from: "const counts = yield* sql `\n        with owners",
        to: "yield* sql `\n        with owners"
      },
      {
        file: "core/dist/repository/GistFiles.js",
        from: "returning key, user_key, created_at\n        ), start as materialized (",
        to: `returning key, user_key, created_at
        ) select count(*) as n from added\`
        const counts = yield* sql\`with owners as (
          select * from jsonb_to_recordset(\${JSON.stringify(owners)}::jsonb) as o(user_key bigint, scan_key bigint,
            found_at timestamptz, old_before timestamptz, skip_old boolean, queued bigint)
        ), added as (
          select key, user_key, created_at from gist_files g where g.scan_key in (select scan_key from owners)
            and not exists (select 1 from publications p where p.file_key = g.key)
        ), start as materialized (`
      }
    ],
    servers: 1,
    red: "lost",
    situation: async (world, books) => {
      const killed = Promise.withResolvers<void>()
      slot(world, 0).triggers.push({
        phase: "after",
        matches: ({ statement }) => statement.includes("insert into gist_files"),
        act: ({ server }) => {
          void server.kill()
          killed.resolve()
          return "reset"
        }
      })
      for (let n = 0; n < 3; n++) publish(world, books, "ann")
      await killed.promise
    }
  },
  {
    rule: "the fence: a late writer does not send, and takes back what it sent",
    mutations: [
      {
        file: "core/dist/repository/Publications.js",
        from: `where key = \${claim.key} and epoch = \${claim.epoch} and state = 'sending'
            and lease_until > clock_timestamp() + \${seconds(sql, Timing.sendMargin)}`,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a text of the program.
        to: "where key = ${claim.key}"
      },
      {
        file: "core/dist/repository/Publications.js",
        from: "yield* toRetract(claim, [receipt], now);",
        to: ""
      }
    ],
    servers: 2,
    red: "doubled",
    situation: async (world, books) => {
      const [first, second] = [slot(world, 0), slot(world, 1)]
      await lookedAt(world)
      second.server.pause()
      const sent = Promise.withResolvers<void>()
      first.triggers.push({
        phase: "before",
        matches: ({ statement }) => statement.startsWith("update publications set sent_at"),
        act: async ({ server }) => {
          server.pause()
          second.server.resume()
          // The lease passes, and the other one publishes.
          await arrived(world, 1).catch(sent.reject)
          await pause(200)
          server.resume()
          sent.resolve()
          return "pass" as const
        }
      })
      publish(world, books, "ann")
      await sent.promise
      await pause(500)
    }
  },
  {
    rule: "a visit locks its user",
    mutations: [
      {
        file: "core/dist/migrations/0001_initial.js",
        from: "and u.untracked_at is null for update;",
        to: "and u.untracked_at is null;"
      }
    ],
    servers: 2,
    red: "visits",
    situation: async (world, books) => {
      for (let round = 1; round <= 6; round++) {
        for (const user of users) publish(world, books, user)
        await arrived(world, books.files.size)
        await Promise.all(
          users.flatMap((user) => world.slots.flatMap((at) => [1, 2, 3].map(() => visit(books, at, user, "eve"))))
        )
      }
    }
  }
]

/** What is wrong in the end, with the rule or without it. */
export const outcome = async (postgres: PostgresServer, proof: Proof, rule: "on" | "off"): Promise<Oracle.Verdict> => {
  const time = Time.make(60)
  const world = await World.make({
    time,
    random: Random.make(1),
    postgres,
    servers: proof.servers,
    listLag: 0,
    mutations: rule === "on" ? undefined : proof.mutations
  })
  const books = makeBooks()
  try {
    await Promise.all(world.slots.map(({ server }) => server.address))
    await track(world, slot(world, 0))
    await proof.situation(world, books)
    return (await settle(world, books)).verdict
  } finally {
    await world.close()
  }
}

/** Six files by a plain wiring that is killed at every request it makes, once before and once after Pipedrive's work. */
export const plainWiring = async (order: "before" | "after", postgres: PostgresServer) => {
  const world = await World.make({ time: Time.make(1), random: Random.make(1), postgres, servers: 0 })
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
        world.pipedrive.misbehave(fault, {
          when: (request) => {
            if (!isCreate(request)) return false
            kill()
            return true
          }
        })
      }
    }
    for (let lives = 0; ; lives++) {
      const child = spawn(
        process.execPath,
        [new URL("plainWiring.ts", import.meta.url).pathname, order, join(world.directory, "marks")],
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
