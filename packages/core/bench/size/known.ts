/** What operations of the store need to know of the database, and which parts of the store have been called. */
import { Duration, Effect, Option } from "effect"
import type { SqlClient } from "effect/sql"
import { type UserKey, Username } from "../../src/domain/User.ts"
import { Visitor } from "../../src/domain/Visit.ts"
import type { Intake } from "../../src/store/GistFiles.ts"
import { Store } from "../../src/store/Store.ts"
import { options } from "./database.ts"

/** How often each operation runs: a prepared statement may get another plan after five times. */
export const rounds = 7

/** By name. `n` is another number in each round. */
export type Operations = Readonly<Record<string, (n: number) => Effect.Effect<unknown, unknown, SqlClient.SqlClient>>>

export type Known = Effect.Success<ReturnType<typeof know>>

/** Operations of the store that were read. */
const used = new Set<string>()

const watched = <T extends object>(store: T): T =>
  Object.fromEntries(
    Object.entries(store).map(([family, operations]) => [
      family,
      new Proxy(operations as object, {
        get: (target, operation, receiver) => {
          if (typeof operation === "string") used.add(`${family}.${operation}`)
          return Reflect.get(target, operation, receiver)
        }
      })
    ])
  ) as T

/** Operations of the store that nothing has called. */
export const unused = Effect.map(Store, (store) =>
  Object.entries(store)
    .filter(([, operations]) => !Effect.isEffect(operations))
    .flatMap(([family, operations]) => Object.keys(operations).map((one) => `${family}.${one}`))
    .filter((one) => !used.has(one))
)

type Service = Store["Service"]
/** A named type: the declaration of `know` cannot spell out types that the store keeps to itself. */
interface WatchedStore extends Service {}

/** Claims publications, starts a scan and records a visit, for the operations that need one. */
export const know = Effect.fnUntraced(function* (maxFiles: number) {
  const store: WatchedStore = watched(yield* Store)
  const run = Date.now() % 1e9
  const lease = Duration.minutes(5)
  const user = (n: number) => 1 + ((n * 7_919 + process.pid) % options.users)
  const name = (n: number) => Username.make(`user-${user(n)}`)
  const claims = yield* store.publications.claim(100, lease)
  return {
    store,
    /** Another number in each run of the script. */
    run,
    lease,
    last: Number.MAX_SAFE_INTEGER,
    user,
    name,
    someUsers: (n: number, count: number) => Array.from({ length: count }, (_, i) => user(n * count + i)),
    claimOf: (n: number) => claims[n % claims.length] as (typeof claims)[number],
    scan: Option.getOrThrow(yield* store.scans.start("requested", user(0) as UserKey)).key,
    visit: yield* store.visits.record(name(0), Visitor.make("ann")),
    position: yield* store.changes.position,
    /** The user with the most files. */
    maxFiles,
    intake
  }
})

const intake = (user: number, files: number, round: number): Intake => ({
  userKey: user as UserKey,
  scanKey: 1,
  files: Array.from({ length: files }, (_, n) => ({
    gistId: `${round}${user}${n}`.padStart(32, "f"),
    filename: "a.md",
    htmlUrl: `https://gist.github.com/user-${user}/${n}?file=a.md#file-a-md`,
    rawUrl: null,
    description: null,
    language: null,
    type: null,
    size: 1,
    createdAt: "2026-01-01T00:00:00Z",
    updatedAt: "2026-01-01T00:00:00Z"
  })),
  githubId: user,
  etag: '"x"',
  pages: 1,
  isFullListing: true,
  backfill: "all"
})
