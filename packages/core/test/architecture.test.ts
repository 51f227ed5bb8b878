/** Values flow down, imports point up: each file of the library belongs to a row, and imports from its own or one above. */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, normalize, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const src = fileURLToPath(new URL("../src/", import.meta.url))

/** From the top. A file imports from rows above its own, or from a file of its own row. */
const rows: ReadonlyArray<RegExp> = [
  /^domain\//,
  /^telemetry\//,
  /^(Settings|Signals)\.ts$|^(net|settings)\/|^limits\/(?!Limits\.ts)|^database\/address\.ts$/,
  /^(github|database)\//,
  /^store\/|^publish\/Sink\.ts$|^limits\/Limits\.ts$/,
  /^(pipedrive|detect|publish)\//,
  /^(status|contacts)\//,
  /^Worker\.ts$/,
  /^(Gitpip|layers|tracking)\.ts$/,
  /^(index|promise)\.ts$|^testing\//
]

/** Folders that never import from each other, whatever their rows. */
const strangers: ReadonlyArray<readonly [RegExp, RegExp]> = [
  [/^(github|pipedrive\/Pipedrive)/, /^(store|database)\//],
  [/^store\//, /^(github|pipedrive|publish|detect)\//],
  [/^github\//, /^(database|pipedrive)\//],
  [/^(github|pipedrive|store)\//, /^limits\/Limits\.ts/],
  [/^limits\//, /^(detect|pipedrive)\/|^publish\/(?!Sink\.ts)/],
  [/^detect\//, /^(publish|pipedrive)\//],
  [/^publish\//, /^(detect|pipedrive)\//],
  [/^pipedrive\//, /^(detect|github)\/|^publish\/(?!Sink\.ts)/],
  [/^(?!testing\/)/, /^testing\//]
]

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"))
const row = (file: string) => rows.findIndex((pattern) => pattern.test(file))
const importsOf = (file: string) =>
  [...readFileSync(join(src, file), "utf8").matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(
    ([, specifier]) => specifier as string
  )

describe("the library's files", () => {
  it("the library's files each have a row", () => {
    assert.deepStrictEqual(
      files.filter((file) => row(file) === -1),
      []
    )
  })

  it("the library's files import from above only", () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => relative(src, normalize(join(src, dirname(file), specifier))))
        .filter(
          (target) => row(target) > row(file) || strangers.some(([from, to]) => from.test(file) && to.test(target))
        )
        .map((target) => `${file} imports ${target}`)
    )
    assert.deepStrictEqual(wrong, [])
  })

  it("the library's files know no server, no terminal and no platform", () => {
    const allowed = /^(\.|node:|effect($|\/)|@effect\/sql-pg\/|pg-connection-string$|picomatch$|@electric-sql\/pglite$)/
    // The transport is Node's HTTP client, which only the folder of exchanges knows.
    const ofTransport = /^@effect\/platform-node\/(NodeHttpClient|NodeStream|Undici)$/
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => !allowed.test(specifier) && !(file.startsWith("net/") && ofTransport.test(specifier)))
        .map((specifier) => `${file} imports ${specifier}`)
    )
    assert.deepStrictEqual(wrong, [])
  })

  it("the library's files name environment variables in one place only", () => {
    const wrong = files.filter(
      (file) =>
        !/^(settings\/table|promise)\.ts$/.test(file) &&
        /process\.env|Config\.(String|Int)\(/.test(readFileSync(join(src, file), "utf8"))
    )
    assert.deepStrictEqual(wrong, [])
  })
})
