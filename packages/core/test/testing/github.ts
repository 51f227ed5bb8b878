/** A GitHub fake with one user, as the tests of the fake use it. */
import { Effect } from "effect"
import { FakeGithub, type FakeGithubOptions } from "../../src/testing/index.ts"

export const LIST = "/users/octocat/gists"

/** A fake with the user octocat, number 42, and that many gists, a minute apart. */
export const github = Effect.fnUntraced(function* (options?: FakeGithubOptions, gists = 0) {
  const fake = yield* FakeGithub.make(options)
  fake.addUser("octocat", { id: 42 })
  const ids = Array.from({ length: gists }, (_, n) =>
    fake.addGist("octocat", { files: { "a.txt": `${n}` }, createdAt: n * 60_000 })
  )
  return { fake, ids }
})

export const token = (value: string) => ({ authorization: `Bearer ${value}` })

export const idsOf = (answer: { readonly json: ReadonlyArray<{ readonly id: string }> }) =>
  answer.json.map(({ id }) => id)
