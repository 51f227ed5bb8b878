/** A person to be forgotten, and what the database holds. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as State from "../../src/database/StateTransfer.ts"
import { Profiles } from "../../src/detect/Profiles.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub } from "../../src/testing/index.ts"
import { name } from "../world.ts"

export const ann = name("octo-ann")

/** Everything that the database holds, as text. */
export const stored = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows: Array<string> = []
  for (const table of State.tables) {
    const found = yield* sql.unsafe<{ readonly row: string }>(`select row_to_json(t)::text as row from ${table.name} t`)
    rows.push(...found.map(({ row }) => `${table.name} ${row}`))
  }
  return rows
})

/** Two gists of the person, one of somebody else, who is of this company; all are published. */
export const published = Effect.fnUntraced(function* (github: FakeGithub, company?: string) {
  const gitpip = yield* Gitpip
  github.addUser("octo-ann", { id: 98_765 })
  github.setProfile("octo-ann", { name: "Ann Example", email: "ann@example.com", company: "Example Inc" })
  const gists = [
    github.addGist("octo-ann", { description: "private thoughts", files: { "one.md": "1", "two.md": "2" } }),
    github.addGist("octo-ann", { files: { "three.md": "3" } })
  ]
  github.addUser("bob", { id: 11 })
  if (company !== undefined) github.setProfile("bob", { company })
  github.addGist("bob", { files: { "bob.md": "b" } })
  yield* gitpip.track(ann)
  yield* gitpip.track(name("bob"))
  yield* gitpip.scan()
  yield* (yield* Profiles).refresh
  yield* gitpip.publish
  return gists
})
