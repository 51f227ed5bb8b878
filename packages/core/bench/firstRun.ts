/**
 * What a first run costs at Pipedrive: many users without a deal on record, in a company with many open deals and as many
 * persons, within the limits of the smallest plan. Once by lists, and once by searches, since the lists are refused. In real
 * time: `firstRun.ts [--users 1000] [--deals 10000]` takes some ten minutes.
 */
import { parseArgs } from "node:util"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../src/Gitpip.ts"
import { gitpip, measure, postgres, print, rounded, service, trackUsers } from "./support/bench.ts"

const { values } = parseArgs({
  options: { users: { type: "string", default: "1000" }, deals: { type: "string", default: "10000" } }
})
const users = Number(values.users)
const deals = Number(values.deals)
/** Of the smallest plan. Gitpip waits a little longer than the window. */
const burst = { limit: 20, windowMillis: 2_000 }
const secondsFor = (requests: number) => (requests / burst.limit) * 2.05
const createCost = 5

const run = Effect.fnUntraced(function* (newDatabase: Effect.Effect<string, unknown>, way: "lists" | "searches") {
  const github = yield* service("github")
  const pipedrive = yield* service("pipedrive", { burst })
  const env = {
    GITHUB_TOKEN: "token",
    PIPEDRIVE_TOKEN: "pipedrive-token",
    GITHUB_API_URL: github.url,
    PIPEDRIVE_API_URL: pipedrive.url,
    POSTGRES_CONNECTION_STRING: yield* newDatabase
  }
  // Half of the users have a deal that a person made. Half of the others are persons.
  const own = Array.from({ length: Math.floor(users / 2) }, (_, n) => `User-${n + 1}`)
  yield* pipedrive.call("deals", [...own, ...Array.from({ length: deals - own.length }, (_, n) => `Customer ${n}`)])
  const persons = Array.from({ length: deals }, (_, n) => (n < users ? `Name ${2 * n + 1}` : `Somebody ${n}`))
  yield* pipedrive.call("persons", persons)
  if (way === "searches") yield* pipedrive.call("refuseLists")
  yield* Effect.gen(function* () {
    const service = yield* Gitpip
    yield* trackUsers(1, users)
    yield* github.call("gists", { from: 1, users, files: [1], bytes: 200 })
    yield* service.scan()
    yield* nameUsers
    // The deals count as changed just now. A company's deals were not all changed in the same ten seconds.
    yield* Effect.sleep("12 seconds")
    yield* pipedrive.call("deal", "The last change")
    const { result, wall } = yield* measure(service.publish)
    if (result.published !== users) yield* Effect.die(new Error(`published ${JSON.stringify(result)}`))
    const { creates, lists, searches, tokens } = yield* pipedrive.call("spent")
    const floor = secondsFor(creates)
    print(
      `by ${way}: ${rounded(tokens - creates * createCost)} tokens and ${rounded(wall - floor)} s for finding, with ${rounded(searches)} searches and ${rounded(lists)} pages; in all ${rounded(tokens)} tokens and ${rounded(wall)} s, of which ${rounded(creates)} creates take ${rounded(creates * createCost)} tokens and ${rounded(floor)} s`
    )
  }).pipe(Effect.provide(gitpip(env)), Effect.scoped)
}, Effect.scoped)

/** Each user shows a name, as if the profiles had been read. */
const nameUsers = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`insert into profiles (user_key, name, read_at, due_at)
    select key, 'Name ' || id, now(), now() + interval '1 month' from users`
})

const main = Effect.gen(function* () {
  print(
    `${rounded(users)} users with a file each, ${rounded(deals)} open deals, as many persons, ${burst.limit} requests in 2 s`
  )
  const newDatabase = yield* postgres
  yield* run(newDatabase, "lists")
  yield* run(newDatabase, "searches")
})

await Effect.runPromise(Effect.scoped(main))
