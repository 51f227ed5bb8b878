/** What `kubectl apply -k deploy/kubernetes` sends to the cluster, as kubectl itself builds it. */
import { spawnSync } from "node:child_process"
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { parse, parseAllDocuments } from "yaml"
import { root } from "./image.ts"

const kubectl = (...args: ReadonlyArray<string>) => spawnSync("kubectl", args, { encoding: "utf8" })
const version = kubectl("version", "--client", "--output=yaml")
const isThere = version.status === 0
const built = isThere ? "" : " (skipped: kubectl is missing; apt-get install kubernetes-client brings it)"

/** Builds the folder with the examples' empty settings. */
const build = () => {
  const folder = mkdtempSync(join(tmpdir(), "gitpip-kustomize-"))
  try {
    cpSync(`${root}deploy/kubernetes`, folder, { recursive: true })
    for (const name of ["gitpip.env", "postgres.env"]) copyFileSync(join(folder, `${name}.example`), join(folder, name))
    const { clientVersion } = parse(version.stdout)
    if (Number.parseInt(clientVersion.minor, 10) < 21) {
      // Debian 12 has kubectl 1.20, whose Kustomize has the older name of the same field.
      const file = join(folder, "kustomization.yaml")
      writeFileSync(file, readFileSync(file, "utf8").replaceAll(/envs: \[(.*)\]/g, "env: $1"))
    }
    return kubectl("kustomize", folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe("kubectl kustomize deploy/kubernetes", () => {
  it.skipIf(!isThere)(`kubectl builds the Kustomization, with an image and a Secret for each server${built}`, () => {
    const { status, stderr, stdout } = build()
    assert.strictEqual(status, 0, stderr)
    const documents = parseAllDocuments(stdout).map((document) => document.toJS())
    const { images, resources } = parse(readFileSync(`${root}deploy/kubernetes/kustomization.yaml`, "utf8"))
    const written = resources.flatMap((file: string) =>
      parseAllDocuments(readFileSync(`${root}deploy/kubernetes/${file}`, "utf8")).map((document) => document.toJS())
    )
    const secrets = documents.filter(({ kind }) => kind === "Secret").map(({ metadata }) => metadata.name)
    assert.lengthOf(secrets, 2)
    assert.strictEqual(documents.length, written.length + secrets.length)
    const { spec } = documents.find(({ kind }) => kind === "Deployment").spec.template
    for (const { envFrom, image } of [...spec.initContainers, ...spec.containers]) {
      assert.strictEqual(image, `${images[0].newName}:${images[0].newTag}`)
      assert.include(secrets, envFrom[0].secretRef.name)
    }
    assert.strictEqual(spec.containers[0].readinessProbe.httpGet.path, "/ready?exclude=work")
    const [backup] = documents.find(({ kind }) => kind === "CronJob").spec.jobTemplate.spec.template.spec.containers
    assert.include(secrets, backup.envFrom[0].secretRef.name)
  })
})
