/** The Kubernetes files: of Kubernetes' form, consistent with each other, and without unneeded rights. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { settings } from "@gitpip/core"
import { parse, parseAllDocuments } from "yaml"
import { dockerfile, root } from "./image.ts"

const folder = `${root}deploy/kubernetes`
const read = (file: string) => readFileSync(`${folder}/${file}`, "utf8")
const kustomization = parse(read("kustomization.yaml"))

// biome-ignore lint/suspicious/noExplicitAny: the tests read documents of many shapes, and a wrong path fails them
type Document = any
const documents: ReadonlyArray<Document> = kustomization.resources.flatMap((file: string) =>
  parseAllDocuments(read(file)).map((document) => document.toJS())
)
const find = (kind: string, name: string): Document => {
  const found = documents.find((one) => one.kind === kind && one.metadata.name === name)
  assert.isDefined(found, `${kind} ${name}`)
  return found
}

const kinds: Readonly<Record<string, string>> = {
  CronJob: "batch/v1",
  Deployment: "apps/v1",
  Namespace: "v1",
  NetworkPolicy: "networking.k8s.io/v1",
  PersistentVolumeClaim: "v1",
  PodDisruptionBudget: "policy/v1",
  Service: "v1",
  StatefulSet: "apps/v1"
}

/** Compiles the documents as values of Kubernetes' types: each field must exist and have its type. */
const complaints = (wanted: ReadonlyArray<Document>): string => {
  const at = mkdtempSync(join(root, "node_modules/.cache-kubernetes-"))
  try {
    const lines = wanted.flatMap(({ kind }, index) => [
      `import type { I${kind} as T${index} } from "kubernetes-models/${kinds[kind]}/${kind}"`,
      `export const document${index}: T${index} = ${JSON.stringify(wanted[index])}`
    ])
    writeFileSync(join(at, "documents.ts"), lines.join("\n"))
    const args = [
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "--module",
      "nodenext",
      "--target",
      "esnext",
      "documents.ts"
    ]
    const { stderr, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), args, { cwd: at, encoding: "utf8" })
    return stdout + stderr
  } finally {
    rmSync(at, { recursive: true })
  }
}

const pods = [
  find("Deployment", "gitpip"),
  find("StatefulSet", "postgres"),
  { ...find("CronJob", "postgres-backup"), ...find("CronJob", "postgres-backup").spec.jobTemplate }
].map(({ metadata, spec }) => ({
  name: metadata.name as string,
  spec: spec.template.spec,
  labels: spec.template.metadata.labels
}))

describe("deploy/kubernetes", () => {
  it("the Kustomization uses each file of its folder, and each has Kubernetes' form", () => {
    const files = readdirSync(folder).filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml")
    assert.sameMembers(kustomization.resources, files)
    for (const { apiVersion, kind } of documents) assert.strictEqual(apiVersion, kinds[kind], kind)
    assert.strictEqual(complaints(documents), "")
    const misspelled = JSON.parse(JSON.stringify(documents).replaceAll("readinessProbe", "readynessProbe"))
    assert.include(complaints(misspelled), "readynessProbe")
  })

  it("Kubernetes runs two servers, alive by /health and ready by /ready, and always keeps one", () => {
    const { metadata, spec } = find("Deployment", "gitpip")
    assert.strictEqual(spec.replicas, 2)
    const [container] = spec.template.spec.containers
    assert.strictEqual(container.livenessProbe.httpGet.path, "/health")
    assert.strictEqual(container.readinessProbe.httpGet.path, "/ready?exclude=work")
    assert.include(dockerfile, `EXPOSE ${container.ports[0].containerPort}`)
    const budget = find("PodDisruptionBudget", metadata.name).spec
    assert.deepInclude(budget, { minAvailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" })
    assert.strictEqual(spec.strategy.rollingUpdate.maxUnavailable, 0)
    // docs/performance.md: a scan of 10,000 users takes 147 MB within this limit. A report from a cluster said 216 MB.
    assert.strictEqual(container.resources.requests.memory, "256Mi")
    assert.strictEqual(container.resources.limits.memory, "512Mi")
    // Beyond the pause and the server's own 20 seconds.
    assert.isAbove(spec.template.spec.terminationGracePeriodSeconds, container.lifecycle.preStop.sleep.seconds + 20)
  })

  it("Kubernetes migrates the database before a server starts, with the server's image and settings", () => {
    const { containers, initContainers } = find("Deployment", "gitpip").spec.template.spec
    const [{ args, envFrom, image }] = initContainers
    assert.deepStrictEqual(args, ["migrate"])
    assert.deepStrictEqual([image, envFrom], [containers[0].image, containers[0].envFrom])
  })

  it("PostgreSQL's data in Kubernetes is in a volume, where version 18 has it", () => {
    const { spec } = find("StatefulSet", "postgres")
    const [container] = spec.template.spec.containers
    const [claim] = spec.volumeClaimTemplates
    assert.strictEqual(container.image, "postgres:18")
    assert.strictEqual(
      container.volumeMounts.find(({ name }: Document) => name === claim.metadata.name).mountPath,
      "/var/lib/postgresql"
    )
    assert.strictEqual(find("Service", spec.serviceName).spec.clusterIP, "None")
  })

  for (const { name, spec } of pods) {
    it(`gives ${name} no token, no root, no capability, and no file to write but its own`, () => {
      assert.isFalse(spec.automountServiceAccountToken)
      assert.isTrue(spec.securityContext.runAsNonRoot)
      assert.isAbove(spec.securityContext.runAsUser, 0)
      assert.deepStrictEqual(spec.securityContext.seccompProfile, { type: "RuntimeDefault" })
      for (const { resources, securityContext } of [...(spec.initContainers ?? []), ...spec.containers]) {
        assert.deepStrictEqual(securityContext, {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] }
        })
        assert.hasAllKeys(resources.requests, ["cpu", "memory"])
        assert.isString(resources.limits.memory)
      }
    })
  }

  it("the Kustomization names the image of this version", () => {
    const { version } = JSON.parse(readFileSync(`${root}packages/cli/package.json`, "utf8"))
    assert.strictEqual(kustomization.images[0].newTag, version)
  })

  it("each probe has time to answer", () => {
    for (const { spec } of pods) {
      for (const { livenessProbe, readinessProbe, startupProbe } of spec.containers) {
        for (const probe of [livenessProbe, readinessProbe, startupProbe]) {
          if (probe !== undefined) assert.strictEqual(probe.timeoutSeconds, 5)
        }
      }
    }
  })

  it("Kubernetes runs Gitpip as the image's own user", () => {
    const { runAsGroup, runAsUser } = find("Deployment", "gitpip").spec.template.spec.securityContext
    assert.include(dockerfile, `\nUSER ${runAsUser}:${runAsGroup}\n`)
  })

  it("services, the disruption budget and policies in Kubernetes select the pods that they mean", () => {
    const isSelected = (selector: Readonly<Record<string, string>>) =>
      pods.filter(({ labels }) => Object.entries(selector).every(([key, value]) => labels[key] === value))
    for (const one of documents) {
      const selector =
        one.kind === "Service" ? one.spec.selector : (one.spec?.selector ?? one.spec?.podSelector)?.matchLabels
      if (selector !== undefined) assert.strictEqual(isSelected(selector).length, 1, `${one.kind} ${one.metadata.name}`)
    }
    assert.deepStrictEqual(find("NetworkPolicy", "nothing").spec, {
      podSelector: {},
      policyTypes: ["Ingress", "Egress"]
    })
    const [{ from }] = find("NetworkPolicy", "postgres").spec.ingress
    assert.deepStrictEqual(
      from.flatMap(({ podSelector }: Document) => isSelected(podSelector.matchLabels).map(({ name }) => name)),
      ["gitpip", "postgres-backup"]
    )
    assert.isUndefined(find("NetworkPolicy", "postgres").spec.egress)
    const [{ ports }] = find("NetworkPolicy", "gitpip").spec.egress
    const [{ containerPort }] = find("StatefulSet", "postgres").spec.template.spec.containers[0].ports
    assert.deepStrictEqual(ports, [{ protocol: "TCP", port: containerPort }])
  })

  it("the Kubernetes files hold no secret, and name secrets that are settings of Gitpip", () => {
    assert.isUndefined(documents.find(({ kind }) => kind === "Secret"))
    const generated = kustomization.secretGenerator.map(({ envs, name }: Document) => [name, envs])
    assert.deepStrictEqual(generated, [
      ["gitpip", ["gitpip.env"]],
      ["postgres", ["postgres.env"]]
    ])
    for (const { spec } of pods) {
      for (const { envFrom } of [...(spec.initContainers ?? []), ...spec.containers]) {
        assert.include(Object.fromEntries(generated), {
          [envFrom[0].secretRef.name]: generated.find(([name]: Document) => name === envFrom[0].secretRef.name)[1]
        })
      }
    }
    const examples = readdirSync(folder).filter((file) => file.endsWith(".example"))
    assert.sameMembers(examples, ["gitpip.env.example", "postgres.env.example"])
    for (const line of examples.flatMap((file) => read(file).trim().split("\n"))) assert.match(line, /^[A-Z_]+=$/)
    for (const line of read("gitpip.env.example").trim().split("\n")) assert.property(settings, line.slice(0, -1))
    const ignored = spawnSync("git", ["check-ignore", "deploy/.env", "deploy/kubernetes/gitpip.env"], {
      cwd: root,
      encoding: "utf8"
    })
    assert.strictEqual(ignored.stdout.trim().split("\n").length, 2)
  })
})
