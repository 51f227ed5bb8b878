/** What happens in a history, and the model of what is true outside Gitpip meanwhile. */
import { type Effect, Schema } from "effect"
import { UserId } from "../../src/domain/User.ts"
import type { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub, FakePipedrive } from "../../src/testing/index.ts"

export const logins = ["ann", "anna", "bob"]
const User = Schema.Literals(logins)
export const visitors = ["eve", "mallory"]
const Who = Schema.Literals(visitors)

/** What people do on GitHub. */
export const Change = Schema.Union([
  Schema.TaggedStruct("Publish gist", {
    user: User,
    files: Schema.Literals([1, 2, 3]),
    secret: Schema.Literals([false, false, false, true])
  }),
  Schema.TaggedStruct("Make public", { user: User }),
  Schema.TaggedStruct("Add file", { user: User }),
  Schema.TaggedStruct("Delete gist", { user: User }),
  Schema.TaggedStruct("Rename", { user: User, heir: Schema.Literals(["nobody", "nobody", "idle", "busy"]) })
])
export type Change = typeof Change.Type

export const Command = Schema.Union([
  Schema.TaggedStruct("Track", { user: User }),
  Schema.TaggedStruct("Untrack", { user: User }),
  Schema.TaggedStruct("Change", { change: Change, scan: Schema.Boolean }),
  Schema.TaggedStruct("Change", { change: Change, scan: Schema.Boolean }),
  Schema.TaggedStruct("Change", { change: Change, scan: Schema.Boolean }),
  Schema.TaggedStruct("Scan", { user: Schema.NullOr(User), processes: Schema.Literals([1, 2]) }),
  Schema.TaggedStruct("Overtaken scan", { user: User, meanwhile: Change }),
  Schema.TaggedStruct("Drain", { processes: Schema.Literals([1, 2, 3]) }),
  Schema.TaggedStruct("Visit", { user: User, visitor: Who, times: Schema.Literals([1, 2, 5]), scan: Schema.Boolean }),
  Schema.TaggedStruct("Pipedrive", {
    fault: Schema.Literals(["lost", "lost", "reset", "refuse", "burst", "no deal"]),
    user: User,
    drain: Schema.Boolean
  }),
  Schema.TaggedStruct("GitHub", { fault: Schema.Literals(["500", "garbage", "limit"]) }),
  Schema.TaggedStruct("Time passes", { minutes: Schema.Literals([1, 6, 90]) })
])
export type Command = typeof Command.Type

interface Gist {
  readonly id: string
  readonly files: Array<string>
  secret: boolean
}

/** A person's account, as it truly is, and what Gitpip owes about it. */
export interface Account {
  readonly user: string
  /** The caller's own number, by which the record is found whatever the account is called. */
  readonly id: UserId
  /** Its present name on GitHub. The record learns of it by the next scan. */
  login: string
  tracked: boolean
  gists: Array<Gist>
  /** Whether the list that the record's validator stands for has gists on it, as far as is known. */
  listed: boolean
  /** Files on record, by name, which is never used twice. */
  stored: ReadonlyArray<string>
  /** What was shown to each visitor, in order. */
  readonly shown: Map<string, ReadonlyArray<string>>
}

/** What is true outside. */
export class Model {
  readonly accounts = logins.map(
    (user, index): Account => ({
      user,
      id: UserId.make(index + 1),
      login: user,
      tracked: false,
      gists: [],
      listed: false,
      stored: [],
      shown: new Map()
    })
  )
  /** Files of deleted gists: they may end as `gone`. */
  readonly deleted = new Set<string>()
  pipedriveFaults = 0
  processes = 1
  files = 0
  renames = 0

  get tracked(): ReadonlyArray<Account> {
    return this.accounts.filter(({ tracked }) => tracked)
  }
  account(user: string): Account {
    return this.accounts.find((one) => one.user === user) as Account
  }
}

export const visibleOf = ({ gists }: Account): ReadonlyArray<string> =>
  gists.filter(({ secret }) => !secret).flatMap(({ files }) => files)

export interface Stage {
  readonly model: Model
  readonly github: FakeGithub
  readonly pipedrive: FakePipedrive
  /** Runs as a process of its own. */
  readonly process: <A, E>(work: (gitpip: Gitpip["Service"]) => Effect.Effect<A, E>) => Effect.Effect<A, E>
}
