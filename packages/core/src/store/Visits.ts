/**
 * The visits: which visitor read which user's new files, up to which file. A visitor's position decides what is new to the
 * visitor. The visits themselves are only history.
 */
import { Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { findAll, findFirst } from "../database/statements.ts"
import { UserKey } from "../domain/User.ts"
import { News, VisitId, Visitor, VisitRecord } from "../domain/Visit.ts"
import { onWaitingConnection, selectList, sharedClient } from "./sql.ts"
import { UserNotTracked } from "./Users.ts"

/** This user has no visit of this id. */
export class VisitNotFound extends Schema.TaggedError<VisitNotFound>()("VisitNotFound", { visit: Schema.Int }) {
  override get message(): string {
    return `There is no visit ${this.visit} of this user`
  }
}

/**
 * The visitors that one user may have. Each visitor of a user is stored for good, and a caller can make up any number of
 * names.
 */
export const maxVisitors = 10_000

/** This user has as many visitors as one user may have. */
export class TooManyVisitors extends Schema.TaggedError<TooManyVisitors>()("TooManyVisitors", {
  username: Schema.String
}) {
  override get message(): string {
    return `${this.username} has ${maxVisitors} visitors, and no visitor can be added. Use a visitor's name again`
  }
}

/** A visit, with the range of files that it showed. */
const VisitRow = Schema.Struct({
  /** `null` when the visit is not stored, since it showed nothing. */
  id: Schema.NullOr(VisitId),
  userKey: UserKey,
  visitor: Visitor,
  visitedAt: Schema.DateTimeUtc,
  /** The visit showed files with `after < id <= until`. */
  after: Schema.Int,
  until: Schema.Int
})
export type VisitRow = typeof VisitRow.Type

/** A visit to record. Of a user that another transaction has locked, it answers no row, or waits. */
interface Call {
  readonly username: string
  readonly visitor: Visitor
  readonly ifLocked: "skip" | "wait"
}

/** Newest first, from before `before` on. */
export interface Page {
  readonly before: number
  readonly limit: number
}

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const alone = yield* onWaitingConnection(sql)
  const shared = yield* sharedClient(sql)
  const columns = selectList<keyof VisitRow>(sql, {
    id: "key",
    userKey: "user_key",
    visitor: "visitor",
    visitedAt: "visited_at",
    after: "after_file",
    until: "until_file"
  })
  const record = findFirst(VisitRow, ({ ifLocked, username, visitor }: Call) => {
    const client = ifLocked === "wait" ? sql : shared
    const statement = client`select ${columns}
      from record_visit(${username}, ${visitor}, ${maxVisitors}::integer, ${ifLocked === "wait"}::boolean)`
      .withoutTransform
    return ifLocked === "wait" ? alone(statement) : statement
  })
  const find = findFirst(
    VisitRow,
    ({ userKey, visit }: { readonly userKey: UserKey; readonly visit: number }) =>
      sql`select ${columns} from visits where key = ${visit} and user_key = ${userKey}`.withoutTransform
  )
  const list = findAll(
    VisitRecord,
    ({ before, limit, userKey, visitor }: Page & { readonly userKey: UserKey; readonly visitor: Visitor }) => sql`
        select key as id, visitor, visited_at from visits
        where user_key = ${userKey} and visitor = ${visitor} and key < ${before}
        order by key desc limit ${limit}`
  )
  const news = findAll(
    News,
    ({ after, limit, visitor }: { readonly visitor: Visitor; readonly after: number; readonly limit: number }) => sql`
        select u.id, u.username as login, n.files from (
          select key, id, username from users where untracked_at is null and id > ${after}
          order by id limit ${limit}
        ) u
        left join lateral (
          select until_file from visitor_positions p where p.user_key = u.key and p.visitor = ${visitor}
        ) seen on true
        cross join lateral (
          select count(*) as files from (
            select from gist_files f where f.user_key = u.key and f.key > coalesce(seen.until_file, 0) limit 1000
          ) counted
        ) n
        order by u.id`
  )

  return {
    /** How many files are new to a visitor, for tracked users by ascending id, from after `after` on. Counts up to 1,000. */
    news: (visitor: Visitor, page: { readonly after: number; readonly limit: number }) => news({ visitor, ...page }),
    /**
     * A visit from the visitor's position to the newest file. Stores the visit and the new position, unless nothing is new.
     * Migration 0008 has the statement, and the reason for its lock.
     */
    record: Effect.fnUntraced(function* (username: string, visitor: Visitor) {
      const first = yield* record({ username, visitor, ifLocked: "skip" })
      // Only a visit to a locked user takes a connection of its own, to wait on it.
      const visit = Option.isSome(first) ? first : yield* record({ username, visitor, ifLocked: "wait" })
      if (Option.isNone(visit)) return yield* new UserNotTracked({ username })
      const { after, id, until } = visit.value
      return id === null && until > after ? yield* new TooManyVisitors({ username }) : visit.value
    }),
    /** One visitor's visits to a user, newest first, from before `before` on. */
    list: (userKey: UserKey, visitor: Visitor, page: Page) => list({ userKey, visitor, ...page }),
    find: Effect.fnUntraced(function* (userKey: UserKey, visit: number) {
      const found = yield* find({ userKey, visit })
      return Option.isSome(found) ? found.value : yield* new VisitNotFound({ visit })
    })
  }
})
