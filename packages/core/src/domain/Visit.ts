/** One look at a user's new files. The next visit of the same visitor starts where it ended. */
import { Schema } from "effect"
import { field, Instant, named } from "./described.ts"
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
  id: field(VisitId, "The visit's number"),
  visitor: field(Visitor, "Who looked"),
  visitedAt: field(Instant, "When")
}).pipe(Schema.encodeKeys({ visitedAt: "visited_at" }), named("VisitRecord", "That somebody looked, and when"))
export type VisitRecord = typeof VisitRecord.Type

/** How many files of a user are new to a visitor, without a visit. At most 1,000 are counted. */
export const News = Schema.Struct({
  id: field(UserId, "The user's number"),
  login: field(Username, "The user's GitHub username"),
  files: field(Schema.Int, "How many files are new to the visitor, counted up to 1,000")
}).pipe(named("News", "How many files of a user are new to a visitor"))
export type News = typeof News.Type

export const Visit = Schema.Struct({
  id: field(VisitId, "The visit's number"),
  visitor: field(Visitor, "Who looked"),
  visitedAt: field(Instant, "When"),
  files: field(Schema.Array(GistFile), "What was new")
}).pipe(Schema.encodeKeys({ visitedAt: "visited_at" }), named("Visit", "One look at a user's new files"))
export type Visit = typeof Visit.Type
