/** Users come from lists: of organizations, followers, stargazers, and of Pipedrive's persons. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Source } from "../../src/domain/Source.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, name, services, type WorldOptions } from "../world.ts"

const field = "0123456789".repeat(4)
const withField: WorldOptions = {
  env: { GITPIP_PERSON_FIELD: "GitHub" },
  pipedrive: { setup: { personFields: [{ key: field, name: "GitHub" }] } }
}
const members = Source.make("org:acme")
const followers = Source.make("followers:octocat")
const stargazers = Source.make("stargazers:octocat/hello")
const persons = Source.make("pipedrive")

const logins = (count: number, prefix = "user") => Array.from({ length: count }, (_, n) => `${prefix}-${n}`)

const addUsers = (github: FakeGithub, names: ReadonlyArray<string>) => {
  for (const login of names) github.addUser(login)
  return names
}

/** Tracks all pages of a source. Answers each page's contacts and states. */
const trackAll = Effect.fnUntraced(function* (source: Source) {
  const gitpip = yield* Gitpip
  const pages = [yield* gitpip.trackContacts(source)]
  while (pages.at(-1)?.next !== null) pages.push(yield* gitpip.trackContacts(source))
  return pages
})

const tracked = Effect.gen(function* () {
  const users = yield* (yield* Gitpip).users({ after: 0, limit: 10_000 })
  return users.map(({ login }): string => login)
})

const states = (page: { readonly contacts: ReadonlyArray<{ readonly login: string; readonly state: string }> }) =>
  page.contacts.map(({ login, state }) => `${login} ${state}`)

describe("lists at GitHub", () => {
  it.effect("the public members of an organization are tracked in their order, without organizations and bots", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        addUsers(github, ["Ann", "bob"])
        github.addUser("acme", { type: "Organization" })
        github.addUser("helper", { type: "Bot" })
        github.setMembers("acme", ["bob", "acme", "helper", "Ann"])
        const [page] = yield* trackAll(members)
        assert.deepInclude(page, { leftOut: 2, githubRequests: 1, tokens: 0, next: null, isCut: false, first: null })
        assert.deepStrictEqual(states(page as NonNullable<typeof page>), ["bob new", "Ann new"])
        assert.deepStrictEqual(yield* tracked, ["bob", "Ann"])
      })
    )
  )

  it.effect("a list says what it would cost, and stores nothing", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        addUsers(github, ["ann", "bob", "cy"])
        for (const file of ["a.md", "b.md"]) github.addGist("ann", { files: { [file]: "1" } })
        github.addUser("octocat")
        github.setFollowers("octocat", ["ann", "bob", "cy"])
        yield* gitpip.track(name("CY"))
        const page = yield* gitpip.contacts(followers)
        assert.deepStrictEqual(states(page), ["ann new", "bob new", "cy tracked"])
        // Two files, and one user's deal and person.
        assert.deepStrictEqual(page.first, { githubRequests: 1 + 2 + 2, gists: 2, files: 2, tokens: 2 * 5 + 25 + 25 })
        assert.deepStrictEqual(yield* tracked, ["CY"])
      })
    )
  )

  it.effect(
    "a list counts the files that are published at first: without those of rules and forks, and none of older gists",
    () => {
      const costOf = (env: Record<string, string>) =>
        inWorld(layerPostgres, { env }, ({ github }) =>
          Effect.gen(function* () {
            addUsers(github, ["ann", "octocat", "cy"])
            github.addGist("ann", { files: { "a.md": "1", "b.md": "1", "c.py": "1" } })
            const original = github.addGist("octocat", { files: { "d.md": "1" } })
            github.addGist("ann", { files: { "d.md": "1" }, forkOf: original })
            github.addGist("cy", { files: { "only.py": "1" } })
            github.setFollowers("octocat", ["ann", "cy"])
            const { first } = yield* (yield* Gitpip).contacts(followers)
            assert.lengthOf(github.requests, 2)
            return [first?.gists, first?.files, first?.tokens]
          })
        )
      return Effect.gen(function* () {
        assert.deepStrictEqual(yield* costOf({}), [3, 5, 5 * 5 + 2 * 50])
        assert.deepStrictEqual(yield* costOf({ GITPIP_INCLUDE: "*.md" }), [3, 3, 3 * 5 + 50])
        assert.deepStrictEqual(yield* costOf({ GITPIP_FORKS: "skip" }), [3, 4, 4 * 5 + 2 * 50])
        assert.deepStrictEqual(yield* costOf({ GITPIP_BACKFILL: "none" }), [3, 0, 0])
      })
    }
  )

  it.effect("a list says that the cost is unknown while GitHub does not answer for its accounts", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        github.addUser("octocat")
        github.setFollowers("octocat", addUsers(github, ["ann", "bob"]))
        github.addGist("ann", { files: { "a.md": "1" } })
        github.injectFault(
          { kind: "status", status: 502 },
          { when: ({ route }) => route === "/graphql", times: Number.POSITIVE_INFINITY }
        )
        const { first } = yield* (yield* Gitpip).contacts(followers)
        assert.deepStrictEqual(first, { githubRequests: 3, gists: null, files: null, tokens: null })
      })
    )
  )

  it.effect("thousands of stargazers cost a request and some statements for each hundred", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        github.setStargazers("octocat/hello", addUsers(github, logins(3_000)))
        const pages = yield* trackAll(stargazers)
        assert.strictEqual(pages.length, 30)
        assert.strictEqual((yield* tracked).length, 3_000)
        assert.strictEqual(github.requests.length, 30)
        const again = yield* trackAll(stargazers)
        assert.isTrue(again.every(({ contacts }) => contacts.every(({ state }) => state === "tracked")))
      })
    )
  )

  it.effect("the last page that GitHub shows says that the list goes on", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("one")
        github.setStargazers(
          "octocat/hello",
          Array.from({ length: 40_001 }, () => "one")
        )
        const page = yield* gitpip.contacts(stargazers, "400")
        assert.deepInclude(page, { isCut: true, next: null })
        assert.deepInclude(yield* gitpip.contacts(stargazers, "401"), { isCut: true, next: null, contacts: [] })
      })
    )
  )

  it.effect("a list that meets GitHub's limit goes on where it was, also in another process", () =>
    inWorld(layerPostgres, { env: { GITHUB_TOKEN: "" } }, ({ github, settings }) =>
      Effect.gen(function* () {
        github.addUser("octocat")
        github.setFollowers("octocat", addUsers(github, logins(500)))
        const gitpip = yield* Gitpip
        yield* gitpip.trackContacts(followers)
        github.injectFault({ kind: "primary-limit", resetInSeconds: 600 })
        const error = yield* Effect.flip(gitpip.trackContacts(followers))
        assert.strictEqual(error._tag, "SourceUnavailable")
        assert.isNotNull((error as { readonly retryAt: unknown }).retryAt)
        assert.strictEqual((yield* tracked).length, 100)
        const before = github.requests.length
        const sql = yield* SqlClient.SqlClient
        yield* sql`delete from limits`
        yield* Effect.provide(trackAll(followers), services(settings))
        assert.strictEqual((yield* tracked).length, 500)
        assert.deepStrictEqual(
          github.requests.slice(before).map(({ query }) => query.page),
          ["2", "3", "4", "5"]
        )
      })
    )
  )

  it.effect("a list that was cut off misses nobody, although accounts left it meanwhile", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        github.addUser("octocat")
        const accounts = addUsers(github, logins(300))
        github.setFollowers("octocat", accounts)
        const gitpip = yield* Gitpip
        yield* gitpip.trackContacts(followers)
        yield* gitpip.trackContacts(followers)
        github.setFollowers("octocat", accounts.slice(5))
        const sql = yield* SqlClient.SqlClient
        yield* sql`update sources set read_at = read_at - interval '2 minutes'`
        const before = github.requests.length
        const page = yield* gitpip.trackContacts(followers)
        assert.strictEqual((yield* tracked).length, 300)
        assert.deepStrictEqual(
          github.requests.slice(before).map(({ query }) => query.page),
          ["2", "3"]
        )
        assert.deepInclude(page, { next: null, githubRequests: 2 })
        // Those that the calls before have answered are left out.
        assert.lengthOf(page.contacts, 100)
        assert.isTrue(page.contacts.every(({ state }) => state === "new"))
      })
    )
  )

  it.effect("half of GitHub's hour stays with checks and files", () =>
    inWorld(layerPostgres, { github: { limit: 20 } }, ({ github }) =>
      Effect.gen(function* () {
        github.addUser("octocat")
        github.setFollowers("octocat", addUsers(github, logins(2_000)))
        const error = yield* Effect.flip(trackAll(followers))
        assert.match(error.message, /^GitHub's limit leaves no room for lists until /)
        assert.strictEqual(github.requests.length, 10)
      })
    )
  )

  it.effect("an organization that GitHub does not know is named, and nobody is tracked", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip((yield* Gitpip).trackContacts(members))
        assert.deepInclude(error, { message: "GitHub knows no organization acme", retryAt: null })
      })
    )
  )

  it.effect("a user whose account has a new name is no new one", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        addUsers(github, ["ann", "octocat"])
        github.addGist("ann", { files: { "a.md": "1" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        github.renameUser("ann", "anna")
        github.setFollowers("octocat", ["anna"])
        assert.deepStrictEqual(states(yield* gitpip.trackContacts(followers)), ["anna tracked"])
      })
    )
  )

  it.effect("no list tracks a user again whom somebody untracked or forgot, until a person names the user", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        addUsers(github, ["ann", "bob", "cy", "octocat"])
        github.setFollowers("octocat", ["ann", "bob", "cy"])
        yield* trackAll(followers)
        yield* gitpip.untrack(name("ann"))
        yield* gitpip.forget(name("bob"))
        assert.deepStrictEqual(states(yield* gitpip.trackContacts(followers)), [
          "ann untracked",
          "bob forgotten",
          "cy tracked"
        ])
        assert.deepStrictEqual(yield* tracked, ["cy"])
        yield* gitpip.track(name("bob"))
        assert.deepStrictEqual(states(yield* gitpip.trackContacts(followers)), [
          "ann untracked",
          "bob tracked",
          "cy tracked"
        ])
      })
    )
  )

  it.effect(
    "two processes that track one list at the same time track each user once, each under an id of its own",
    () =>
      inWorld(layerPostgres, {}, ({ github, settings }) =>
        Effect.gen(function* () {
          github.addUser("octocat")
          github.setFollowers("octocat", addUsers(github, logins(300)))
          const other = Effect.provide(trackAll(followers), services(settings))
          yield* Effect.all([trackAll(followers), other], { concurrency: 2 })
          const sql = yield* SqlClient.SqlClient
          const [row] = yield* sql<{ n: number; ids: number }>`
          select count(*)::int as n, count(distinct id)::int as ids from users`
          assert.deepStrictEqual(row, { n: 300, ids: 300 })
        })
      )
  )
})

describe("the persons of Pipedrive", () => {
  it.effect("with a GitHub username are tracked with that person, and misspelt names are left out", () =>
    inWorld(layerPostgres, withField, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        addUsers(github, ["ann", "bob"])
        const add = (text: string | undefined) =>
          pipedrive.addPerson({ name: "P", custom_fields: text === undefined ? {} : { [field]: text } })
        const [ann, bob] = [add("@Ann"), add("https://github.com/bob")]
        github.addUser("acme", { type: "Organization" })
        for (const text of ["octoct", "does not say", "", undefined, "@acme"]) add(text)
        const [page] = yield* trackAll(persons)
        assert.deepStrictEqual(
          page?.contacts.map(({ login, personId, state }) => [String(login), personId, state]),
          [
            ["Ann", ann, "new"],
            ["bob", bob, "new"],
            ["octoct", 3, "unknown"],
            ["acme", 7, "organization"]
          ]
        )
        assert.deepStrictEqual(page?.invalid, [{ personId: 4, text: "does not say" }])
        assert.deepInclude(page, { tokens: 20, githubRequests: 0 })
        // The names, and names near the misspelt one.
        assert.lengthOf(github.requests, 2)
        assert.strictEqual((yield* gitpip.user(name("ann"))).personId, ann)
        // The field is known now.
        assert.strictEqual((yield* gitpip.contacts(persons)).tokens, 10)
      })
    )
  )

  it.effect("are tracked once GitHub can be asked about their names, and nobody before", () =>
    inWorld(layerPostgres, withField, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        addUsers(github, ["ann"])
        for (const text of ["ann", "no-such-user"]) {
          pipedrive.addPerson({ name: "P", custom_fields: { [field]: text } })
        }
        github.injectFault({ kind: "status", status: 502 }, { times: Number.POSITIVE_INFINITY })
        const error = yield* Effect.flip(gitpip.trackContacts(persons))
        assert.match(error.message, /^2 new names were not checked at GitHub, and nobody is tracked for them: /)
        assert.deepStrictEqual(yield* tracked, [])
        github.clearFaults()
        yield* TestClock.adjust("2 minutes")
        assert.deepStrictEqual(states(yield* gitpip.trackContacts(persons)), ["ann new", "no-such-user unknown"])
        assert.deepStrictEqual(yield* tracked, ["ann"])
      })
    )
  )

  it.effect("come page by page, and an interrupted list goes on where it was", () =>
    inWorld(layerPostgres, withField, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        for (const login of addUsers(github, logins(1_200))) {
          pipedrive.addPerson({ name: login, custom_fields: { [field]: login } })
        }
        const gitpip = yield* Gitpip
        assert.isNotNull((yield* gitpip.trackContacts(persons)).next)
        pipedrive.injectFault({ kind: "status", status: 503 })
        const error = yield* Effect.flip(gitpip.trackContacts(persons))
        assert.isNotNull((error as { readonly retryAt: unknown }).retryAt)
        const rest = yield* trackAll(persons)
        assert.deepStrictEqual(
          rest.map(({ contacts }) => contacts.length),
          [500, 200]
        )
        assert.strictEqual((yield* tracked).length, 1_200)
      })
    )
  )

  it.effect("have no page at a `next` that Pipedrive refuses, and a refused first page does not blame `next`", () =>
    inWorld(layerPostgres, withField, ({ pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const wrong = yield* Effect.flip(gitpip.contacts(persons, "x"))
        assert.deepInclude(wrong, { reason: "noSuchPage", retryAt: null })
        assert.match(wrong.message, /^No page of the list begins at "x": .*cursor/)
        pipedrive.injectFault({ kind: "status", status: 400 }, { when: ({ route }) => route === "/api/v2/persons" })
        assert.deepInclude(yield* Effect.flip(gitpip.contacts(persons)), { reason: "service" })
      })
    )
  )

  it.effect("need the field's name, and the error says so", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip((yield* Gitpip).contacts(persons))
        assert.match(error.message, /^Set GITPIP_PERSON_FIELD /)
      })
    )
  )
})
