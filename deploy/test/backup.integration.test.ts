/** The backup of `deploy/kubernetes`: its own script, with programs in place of PostgreSQL's. */
import { spawnSync } from "node:child_process"
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { parseAllDocuments } from "yaml"
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
/** Reads only dumps that are whole, and says which dump it restores. */
const pgRestore = `#!/bin/sh
for last; do :; done
grep -q whole "$last" && [ "$PGPASSWORD" = secret ] && echo "pg_restore $*"`

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

  it("the same job restores the newest dump in one transaction when ACTION is restore", () => {
    const names = older(3)
    const { status, stdout } = run({ ACTION: "restore" })
    assert.strictEqual(status, 0)
    assert.include(stdout, `Restoring ${names[2]}\n`)
    assert.match(stdout, /pg_restore --dbname=gitpip --clean .*--single-transaction/)
    assert.deepStrictEqual(readdirSync(folder).sort(), names)
  })

  it("the backup writes to a volume of its own, and never runs twice at a time", () => {
    assert.strictEqual(cronJob.spec.concurrencyPolicy, "Forbid")
    assert.deepStrictEqual(container.volumeMounts, [{ name: "backup", mountPath: container.workingDir }])
    assert.deepStrictEqual(pod.volumes, [{ name: "backup", persistentVolumeClaim: { claimName: "postgres-backup" } }])
  })
})
