/** The backup of `deploy/kubernetes`: its own script, with programs in place of PostgreSQL's. A restore runs the real `psql`. */
import { spawnSync } from "node:child_process"
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { parseAllDocuments } from "yaml"
import { freshUrl } from "../../packages/core/test/database.ts"
import { root } from "./image.ts"

const [cronJob] = parseAllDocuments(readFileSync(`${root}deploy/kubernetes/backup.yaml`, "utf8")).map((one) =>
  one.toJS()
)
const pod = cronJob.spec.jobTemplate.spec.template.spec
const [container] = pod.containers

/** Writes what a dump holds, or fails when the database does. */
const pgDump = `#!/bin/sh
[ "$PGPASSWORD" = secret ] || exit 1
for word; do case $word in --file=*) echo "$CONTENT" >"\${word#--file=}" ;; esac; done
[ "$CONTENT" != broken ]`
/** Prints a dump, and fails at the end of one that is not whole. The dumps here are SQL. */
const pgRestore = `#!/bin/sh
for last; do :; done
[ -n "$PGPASSWORD" ] && cat "$last" && grep -q whole "$last"`

/** A database as an older version left it: without the tables of today, which refer to \`users\`. */
const olderDump = `
create schema elsewhere;
create table elsewhere.kept (id int);
create table public.users (id bigint primary key);
insert into public.users values (7);
`

const hasPsql = spawnSync("psql", ["--version"]).status === 0

describe("the CronJob postgres-backup", () => {
  let bin: string
  let folder: string
  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), "gitpip-backup-bin-"))
    folder = mkdtempSync(join(tmpdir(), "gitpip-backup-"))
    for (const [name, text] of [
      ["pg_dump", pgDump],
      ["pg_restore", pgRestore]
    ] as const) {
      writeFileSync(join(bin, name), text)
      chmodSync(join(bin, name), 0o755)
    }
  })
  afterEach(() => {
    for (const one of [bin, folder]) rmSync(one, { recursive: true })
  })

  const run = (env: Readonly<Record<string, string>>) => {
    const [program, ...words] = [...container.command, ...container.args]
    const own = Object.fromEntries(
      container.env.map(({ name, value }: { readonly name: string; readonly value: string }) => [name, value])
    )
    const variables = { PATH: `${bin}:/usr/bin:/bin`, ...own, POSTGRES_PASSWORD: "secret", ...env }
    return spawnSync(program, words, { cwd: folder, env: variables, encoding: "utf8" })
  }
  const older = (count: number) => {
    const names = Array.from(
      { length: count },
      (_, day) => `gitpip-202001${String(day + 1).padStart(2, "0")}T023000Z.dump`
    )
    for (const name of names) writeFileSync(join(folder, name), "whole")
    return names
  }

  it("the backup keeps the newest fourteen dumps and removes what a killed backup left", () => {
    const names = older(14)
    writeFileSync(join(folder, "gitpip-20200115T023000Z.dump.part"), "half")
    const { status, stderr, stdout } = run({ CONTENT: "whole" })
    assert.deepStrictEqual([status, stderr], [0, ""])
    const left = readdirSync(folder).sort()
    assert.lengthOf(left, 14)
    assert.deepStrictEqual(left.slice(0, -1), names.slice(1))
    assert.match(left.at(-1) ?? "", /^gitpip-20\d{6}T\d{6}Z\.dump$/)
    assert.strictEqual(stdout, `Wrote ${left.at(-1)}\n`)
  })

  for (const [what, content] of [
    ["fails", "broken"],
    ["cannot be read", "half"]
  ] as const) {
    it(`the job fails and keeps all older dumps when the new dump ${what}`, () => {
      const names = older(14)
      assert.notStrictEqual(run({ CONTENT: content }).status, 0)
      assert.deepStrictEqual(
        readdirSync(folder)
          .filter((name) => name.endsWith(".dump"))
          .sort(),
        names
      )
    })
  }

  /** The variables of libpq that name the database. */
  const connection = (url: string) => {
    const { hostname, password, pathname, port, username } = new URL(url)
    return {
      PGHOST: hostname,
      PGPORT: port,
      PGUSER: username,
      POSTGRES_PASSWORD: password,
      PGDATABASE: pathname.slice(1)
    }
  }
  const tablesOf = (database: ReturnType<typeof connection>) => {
    const query =
      "select schemaname || '.' || tablename from pg_tables where schemaname !~ '^(pg_|information_schema$)' order by 1"
    const env = { PATH: process.env.PATH, ...database, PGPASSWORD: database.POSTGRES_PASSWORD }
    return spawnSync("psql", ["-XAtc", query], { env, encoding: "utf8" }).stdout.trim().split("\n")
  }

  for (const [title, dump, expected] of [
    [
      "a restore puts the newest dump in place of a database that a newer version has migrated",
      `${olderDump}-- whole\n`,
      undefined
    ],
    ["a restore changes nothing when the dump cannot be read to its end", olderDump, "before"],
    [
      "a restore changes nothing when the database refuses a statement of the dump",
      `${olderDump}none; -- whole\n`,
      "before"
    ]
  ] as const) {
    it.live.skipIf(!hasPsql)(`${title}${hasPsql ? "" : " (needs psql)"}`, () =>
      Effect.gen(function* () {
        const names = older(3)
        writeFileSync(join(folder, names[2] ?? ""), dump)
        const database = connection(Redacted.value(yield* freshUrl))
        const before = tablesOf(database)
        assert.include(before, "public.profiles")
        const { status, stderr, stdout } = run({ ACTION: "restore", ...database })
        assert.include(stdout, `Restoring ${names[2]}\n`)
        assert.strictEqual(status === 0, expected === undefined, stderr)
        assert.deepStrictEqual(tablesOf(database), expected === undefined ? ["elsewhere.kept", "public.users"] : before)
        assert.deepStrictEqual(readdirSync(folder).sort(), names)
      })
    )
  }

  it("the backup writes to a volume of its own, and never runs twice at a time", () => {
    assert.strictEqual(cronJob.spec.concurrencyPolicy, "Forbid")
    assert.deepStrictEqual(container.volumeMounts, [{ name: "backup", mountPath: container.workingDir }])
    assert.deepStrictEqual(pod.volumes, [{ name: "backup", persistentVolumeClaim: { claimName: "postgres-backup" } }])
  })
})
