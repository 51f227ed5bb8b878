/** Killed before and after each statement and each request, the server loses nothing and does nothing twice. */
import { globSync, readFileSync } from "node:fs"
import { basename, dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { isClean } from "../src/Oracle.ts"
import * as PostgresServer from "../src/PostgresServer.ts"
import { makeBooks } from "../src/people.ts"
import * as Random from "../src/random.ts"
import { run, type Steps } from "../src/steps.ts"
import * as Time from "../src/Time.ts"
import * as World from "../src/World.ts"

const core = fileURLToPath(new URL("../../packages/core/src", import.meta.url))
/** The folder of the statements: the folder with the outbox. */
const store = dirname(globSync(`${core}/**/Publications.ts`)[0] ?? core)

let postgres: PostgresServer.PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
})
afterAll(() => postgres.stop())

/** The beginning of each statement of the store, up to its first parameter. `sql.ts` holds fragments. */
const beginnings = globSync(`${store}/**/*.ts`)
  .filter((file) => basename(file) !== "sql.ts")
  .flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/sql(?:<[^`]*?>)?`([^`]*)`/g)].map(
      ([, text = ""]) => `${basename(file)}: ${text.split("${")[0]?.replace(/\s+/g, " ").trim().slice(0, 60)}`
    )
  )
  .filter((beginning) => /: (select|insert|update|delete|with) /.test(beginning))

/** Statements of commands alone, and statements that `Publisher.integration.test.ts` makes two processes run at once. */
const elsewhere = [
  "Users.ts: select coalesce(max(id), 0) + 1 as id from users where id <",
  "Publications.ts: with waiting as ( select key from publications where user_ke",
  "GistFiles.ts: select a.gist_id, a.filename from jsonb_to_recordset(",
  "Targets.ts: insert into duplicates (remote_id, found_at) values (",
  "Users.ts: select count(*) filter (where d.is_chosen) as deals, count(*",
  "duplicates.ts: select remote_id, error_message from duplicates where error_",
  // A part of the statements that lock users. Those begin with `with`.
  "Checks.ts: select key, failures, rate, rate_at from users where key = a"
]

/**
 * Statements that may run or not: of two scans that meet at one moment ("two full scans never run at once" in
 * `Scanner.integration.test.ts`), and of a poll of the feed at a limit ("a feed that fails is asked again later" in
 * `feedTrouble.integration.test.ts`).
 */
const atTimes = [
  // Of a server that searches for several users' deals or persons in ten minutes: `pipedrive/firstRun.integration.test.ts`.
  "Targets.ts: select count(distinct user_key)::int as users from ( (select",
  // After a failure of an audit or a deletion: `publish/lostResponse.integration.test.ts`, `publish/Publisher.integration.test.ts`.
  "duplicates.ts: update publications set audit_at =",
  "duplicates.ts: update duplicates set due_at =",
  // Only of lists that are cut off, and of users whose refusals turn out to be the token's: `github/longLists.integration.test.ts`, `github/refusals.integration.test.ts`.
  "Listings.ts: select user_key, next, etag, pages from listings where user_",
  "Listings.ts: insert into listings (user_key, next, etag, pages, updated_a",
  "Listings.ts: delete from listings where user_key =",
  "Checks.ts: with locked as (",
  // Only of profiles that have changed, or are older than a life: `detect/profiles.integration.test.ts`.
  "Profiles.ts: with l as ( select * from jsonb_to_recordset(",
  "Profiles.ts: update profiles set read_at =",
  "Scans.ts: select key from scans where state = 'running' and",
  "FeedPositions.ts: update feed_positions set next_at ="
]

/** Two worlds whose servers publish activities and leads, with persons and organizations, and what else their lives need. */
const modes: ReadonlyArray<Record<string, string>> = [
  { GITPIP_KEEP_HISTORY: "1 day" },
  { GITPIP_PUBLISH_AS: "lead", GITPIP_PERSON_FIELD: World.personField.name, GITPIP_FOLLOW_PIPEDRIVE: "10 minutes" }
]

/** What servers of these worlds create, each of which must be there once. */
const creates = ["v2/activities", "v2/deals", "v2/persons", "v2/organizations", "v1/leads", "v1/notes"]

/** All statements that erase a user are one transaction: those that delete the user and the files stand for the others. */
const isErasing = (step: string) =>
  /^(before|after) (insert into forgotten_|update (duplicates set publication_key = null|feed_positions f set seen)|delete from "?(attempts|publications|deals|persons|listings|file_rules|profiles|visits|visitor_positions|scan_failures|scans|organizations)"? where)/.test(
    step
  )

const isSchema = (step: string) =>
  /(before|after) (create|alter|lock|insert into "gitpip|update publications p set backlog)/i.test(step)

it("a server that is killed at every step publishes each file once", async () => {
  const random = Random.make(Number(process.env.CHAOS_SEED ?? 1))
  const steps: Steps = { killed: new Set(), statements: new Set() }
  // Two worlds share the steps: while one waits for leases to end, the other lives.
  const worlds = await Promise.all(
    modes.map((env) => World.make({ time: Time.make(), random, postgres, schema: "empty", listLag: 0, env }))
  )
  try {
    // All statements of a migration are one transaction: those whose hash ends in 0 stand for the others.
    const mayKill = (step: string) => (isSchema(step) ? step.endsWith("0") : !isErasing(step))
    const settled = await Promise.all(worlds.map((world) => run(world, makeBooks(), { steps, mayKill })))
    process.stdout.write(`chaos: killed at ${steps.killed.size} steps\n`)
    for (const { dump, verdict } of settled) {
      assert.isTrue(isClean(verdict), JSON.stringify(verdict))
      assert.strictEqual(dump, "")
    }

    // Both sides of each step that leaves a trace, and no statement of the repositories without its step.
    const sides = (side: string) =>
      [...steps.killed]
        .filter((step) => step.startsWith(side) && !isSchema(step))
        .map((step) => step.slice(side.length))
        .filter((step) => !/^select /i.test(step))
    const [before, after] = [new Set(sides("before ")), new Set(sides("after "))]
    const oneSided = [...before, ...after].filter((step) => !before.has(step) || !after.has(step))
    // A step that only an accident reaches may not have happened a second time. A deal, a person and an organization each have one such step.
    assert.isAtMost(oneSided.length, 6, oneSided.join(", "))
    assert.isAbove(before.size, 50)
    for (const route of creates) assert.isTrue(before.has(`POST /api/${route}`), route)
    const unseen = beginnings.filter((beginning) => {
      if (atTimes.includes(beginning)) return false
      const text = beginning.slice(beginning.indexOf(": ") + 2)
      // An insert may be a part of a larger statement.
      const isSeen = text.startsWith("insert ")
        ? (statement: string) => statement.includes(text)
        : (statement: string) => statement.startsWith(text)
      return ![...steps.statements].some(isSeen)
    })
    assert.sameMembers(unseen, elsewhere, "a statement that no life reaches: let `live` in life.ts reach it")
  } finally {
    await Promise.all(worlds.map((world) => world.close()))
  }
})
