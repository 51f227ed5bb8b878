/** Secrets in files: `NAME_FILE` in place of `NAME`. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { definitions, type Settings, secretsOf } from "../../src/Settings.ts"
import { secretNames, secretTexts } from "../../src/settings/secretFiles.ts"
import { load } from "./load.ts"

const directory = mkdtempSync(join(tmpdir(), "gitpip-secret-files-"))
afterAll(() => rmSync(directory, { recursive: true }))

let files = 0
const fileWith = (content: string): string => {
  const path = join(directory, `secret-${files++}`)
  writeFileSync(path, content)
  return path
}

const faults = (env: Record<string, string>) => Effect.map(Effect.flip(load(env)), (error) => error.faults)

/** A value that each secret setting takes. */
const secrets = {
  PIPEDRIVE_TOKEN: "hush-pipedrive-token",
  POSTGRES_CONNECTION_STRING: "postgres://me:hush-password@h/d",
  GITHUB_TOKEN: "hush-github-token",
  GITPIP_API_KEY: "hush-api-key"
}

describe("a secret in a file", () => {
  it.effect("is read without the white space around it, for each secret setting", () =>
    Effect.gen(function* () {
      const inFiles = Object.entries(secrets).map(([name, secret]) => [
        `${name}_FILE`,
        fileWith(`\ufeff ${secret}\r\n`)
      ])
      const org = { PIPEDRIVE_ORG: "acme" }
      const fromFiles = yield* load({ ...Object.fromEntries(inFiles), ...org })
      const plain = yield* load({ ...secrets, ...org })
      const open = ({ apiKey, githubToken, pipedrive, postgres }: Settings["Service"]) =>
        [apiKey, githubToken, postgres, Option.map(pipedrive, ({ token }) => token)].map((secret) =>
          Redacted.value(Option.getOrThrow(secret))
        )
      assert.deepStrictEqual(open(fromFiles), open(plain))
      assert.deepStrictEqual(secretsOf(fromFiles), secretsOf(plain))
      assert.strictEqual(secretsOf(fromFiles).length, 5)
    })
  )

  it("can be named for each setting that is a secret, and for no other", () => {
    assert.deepStrictEqual(
      secretNames.toSorted(),
      Object.keys(definitions)
        .filter((name) => /TOKEN|KEY|CONNECTION/.test(name))
        .toSorted()
    )
    assert.deepStrictEqual(secretNames.toSorted(), Object.keys(secrets).toSorted())
  })

  it.effect("is refused next to the same secret in the environment", () =>
    Effect.gen(function* () {
      for (const [name, secret] of Object.entries(secrets)) {
        const [fault = "", ...more] = yield* faults({ [name]: secret, [`${name}_FILE`]: fileWith(secret) })
        assert.deepStrictEqual([fault, more], [`${name}_FILE: ${name} is set as well. Unset one of the two`, []])
      }
      // An empty line of an environment file is no second secret.
      const settings = yield* load({ GITHUB_TOKEN: "", GITHUB_TOKEN_FILE: fileWith(secrets.GITHUB_TOKEN) })
      assert.deepStrictEqual(secretsOf(settings), [secrets.GITHUB_TOKEN])
    })
  )

  const missing = join(directory, "none")
  for (const name of secretNames) {
    it.effect(`that cannot be read is a fault of ${name}_FILE with what to do`, () =>
      Effect.gen(function* () {
        const cases = [
          [missing, `the file ${missing} does not exist. Correct the path`],
          [`${missing}/deeper`, `the file ${missing}/deeper does not exist. Correct the path`],
          [directory, `the file ${directory} is a directory. Give the path of the file inside`]
        ] as const
        for (const [path, says] of cases) {
          assert.deepStrictEqual(yield* faults({ [`${name}_FILE`]: path }), [`${name}_FILE: ${says}`])
        }
        const empty = fileWith(" \n")
        assert.deepStrictEqual(yield* faults({ [`${name}_FILE`]: empty }), [
          `${name}_FILE: the file ${empty} is empty. Write the secret into that file`
        ])
      })
    )

    it.effect(`given in ${name}_FILE in place of a path is not shown`, () =>
      Effect.gen(function* () {
        for (const secret of [...Object.values(secrets), "//hush@h", "C://hush", "/hush\nhush"]) {
          const [fault = ""] = yield* faults({ [`${name}_FILE`]: secret })
          assert.strictEqual(fault, `${name}_FILE: the file that it names does not exist. Correct the path`)
        }
      })
    )
  }

  it.effect("with a wrong content is a fault of the variable with the path, and the content is not shown", () =>
    Effect.gen(function* () {
      const found = yield* faults({
        PIPEDRIVE_TOKEN_FILE: fileWith("hush hush"),
        PIPEDRIVE_ORG: "acme",
        POSTGRES_CONNECTION_STRING_FILE: fileWith("mysql://me:hush@h/d"),
        GITHUB_TOKEN_FILE: fileWith("hush,hush"),
        GITPIP_API_KEY_FILE: fileWith("hush\nhush")
      })
      assert.deepStrictEqual(
        found.map((fault) => fault.split(": ")[0]).toSorted(),
        secretNames.map((name) => `${name}_FILE`).toSorted()
      )
      for (const fault of found) assert.notInclude(fault, "hush")
    })
  )

  it.effect("counts as missing when no path is given, but the address of the database must not be lost that way", () =>
    Effect.gen(function* () {
      const empty = { PIPEDRIVE_TOKEN_FILE: "", GITHUB_TOKEN_FILE: " ", GITPIP_API_KEY_FILE: "" }
      assert.deepStrictEqual({ ...(yield* load(empty)) }, { ...(yield* load({})) })
      const [fault = "", ...more] = yield* faults({ POSTGRES_CONNECTION_STRING_FILE: "" })
      assert.match(fault, /^POSTGRES_CONNECTION_STRING_FILE: is empty.*unset it to use the embedded database/)
      assert.deepStrictEqual(more, [])
    })
  )

  it.effect("is read once by a process, since a pipe gives its content only once", () =>
    Effect.gen(function* () {
      const path = fileWith(secrets.GITHUB_TOKEN)
      yield* load({ GITHUB_TOKEN_FILE: path })
      writeFileSync(path, "")
      assert.deepStrictEqual(secretTexts({ GITHUB_TOKEN_FILE: path }), [["GITHUB_TOKEN", secrets.GITHUB_TOKEN]])
    })
  )

  it("is among the secrets of an environment, next to one that stands there", () => {
    const path = fileWith(secrets.GITHUB_TOKEN)
    assert.deepStrictEqual(
      secretTexts({ GITHUB_TOKEN: " hush-other ", GITHUB_TOKEN_FILE: path, GITPIP_API_KEY_FILE: missing }),
      [
        ["GITHUB_TOKEN", "hush-other"],
        ["GITHUB_TOKEN", secrets.GITHUB_TOKEN]
      ]
    )
  })
})
