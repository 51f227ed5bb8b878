/** One look at a user's new files. The next visit of the same visitor starts where it ended. */
import { Schema } from "effect"
import { GistFile } from "./GistFile.ts"
import { UserId, Username } from "./User.ts"

export const VisitId = Schema.Int.pipe(Schema.brand("VisitId"))
export type VisitId = typeof VisitId.Type

/** Who looks. Everybody who gives no name shares `default`. */
export const Visitor = Schema.String.check(
  Schema.isPattern(/^[\w.@+ -]{1,100}$/, {
    message: "a visitor is 1 to 100 letters, digits, spaces or . _ @ + -"
  })
).pipe(Schema.brand("Visitor"))
export type Visitor = typeof Visitor.Type

export const defaultVisitor = Visitor.make("default")

/** That somebody looked, and when; without what they saw. */
export const VisitRecord = Schema.Struct({
  id: VisitId,
  visitor: Visitor,
  visitedAt: Schema.DateTimeUtcFromString
}).pipe(Schema.encodeKeys({ visitedAt: "visited_at" }))
export type VisitRecord = typeof VisitRecord.Type

/** How many files of a user are new to a visitor, without a visit. At most 1,000 are counted. */
export const News = Schema.Struct({ id: UserId, login: Username, files: Schema.Int })
export type News = typeof News.Type

export const Visit = Schema.Struct({
  id: VisitId,
  visitor: Visitor,
  visitedAt: Schema.DateTimeUtcFromString,
  files: Schema.Array(GistFile)
}).pipe(Schema.encodeKeys({ visitedAt: "visited_at" }))
export type Visit = typeof Visit.Type
