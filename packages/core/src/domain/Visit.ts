/** Visits: one reading of a user's new files by a visitor. The visitor's next visit starts where this one ended. */
import { Schema } from "effect"
import { field, Instant, named } from "./described.ts"
import { GistFile } from "./GistFile.ts"
import { UserId, Username } from "./User.ts"

/** The id of a visit: a whole number from 1. */
export const VisitId = Schema.Int.pipe(Schema.brand("VisitId"))
/** A visit's number, branded: `VisitId.make(7)`. */
export type VisitId = typeof VisitId.Type

/** The name of a visitor. Callers without a name share `default`. */
export const Visitor = Schema.String.check(
  Schema.isPattern(/^[\w.@+ -]{1,100}$/u, {
    message: "a visitor is 1 to 100 letters, digits, spaces or . _ @ + -"
  })
).pipe(Schema.brand("Visitor"))
/** A checked visitor's name, branded: `Visitor.make("crm")` throws when the form is wrong. */
export type Visitor = typeof Visitor.Type

/** The visitor of callers that name none. */
export const defaultVisitor = Visitor.make("default")

/** A visit without its files. */
export const VisitRecord = Schema.Struct({
  id: field(VisitId, "The visit's number"),
  visitor: field(Visitor, "The visitor's name"),
  visitedAt: field(Instant, "When the visit was made")
}).pipe(Schema.encodeKeys({ visitedAt: "visited_at" }), named("VisitRecord", "A visit without its files"))
/** When a visitor visited a user, and the number by which the visit's files can be read again. */
export interface VisitRecord extends Schema.Schema.Type<typeof VisitRecord> {}

/** How many files of a user are new to a visitor, counted without a visit. */
export const News = Schema.Struct({
  id: field(UserId, "The user's number"),
  login: field(Username, "The user's GitHub username"),
  files: field(Schema.Int, "How many files are new to the visitor, counted up to 1,000")
}).pipe(named("News", "How many files of a user are new to a visitor"))
/** A user and how many files are new to one visitor. */
export interface News extends Schema.Schema.Type<typeof News> {}

/** The files that one visit showed. */
export const Visit = Schema.Struct({
  id: field(Schema.NullOr(VisitId), "The visit's number; `null` when nothing was new, so that no visit was recorded"),
  visitor: field(Visitor, "The visitor's name"),
  visitedAt: field(Instant, "When the visit was made"),
  files: field(Schema.Array(GistFile), "The new files")
}).pipe(Schema.encodeKeys({ visitedAt: "visited_at" }), named("Visit", "One reading of a user's new files"))
/** A visit and the files that it showed, oldest found first. */
export interface Visit extends Schema.Schema.Type<typeof Visit> {}
