/** The lines about a private authority, which are commented out, work once their `#` is removed. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { parse, parseAllDocuments } from "yaml"
import { root } from "./image.ts"

/** A file of `deploy` with its commented lines in use. A `#` with a space after it begins prose. */
const uncommented = (file: string): string =>
  readFileSync(`${root}deploy/${file}`, "utf8").replace(/^( *)#(?=\S| {2}-)/gm, "$1")

const path = "/etc/gitpip/authority.pem"

describe("the file of a private authority", () => {
  it("Compose mounts the private authority's file where deploy/.env names it", () => {
    const { gitpip } = parse(uncommented("compose.yaml")).services
    assert.deepStrictEqual(gitpip.volumes, [`./authority.pem:${path}:ro`])
    assert.include(readFileSync(`${root}deploy/.env.example`, "utf8"), `NODE_EXTRA_CA_CERTS=${path}`)
  })

  it("Kubernetes mounts a private authority's file where each container names it", () => {
    const documents = parseAllDocuments(uncommented("kubernetes/gitpip.yaml")).map((document) => document.toJS())
    const { spec } = documents.find(({ kind }) => kind === "Deployment").spec.template
    assert.deepStrictEqual(spec.volumes, [{ name: "authority", configMap: { name: "gitpip-authority" } }])
    for (const { env, volumeMounts } of [...spec.initContainers, ...spec.containers]) {
      assert.deepStrictEqual(env, [{ name: "NODE_EXTRA_CA_CERTS", value: path }])
      assert.deepStrictEqual(volumeMounts, [{ name: "authority", mountPath: "/etc/gitpip", readOnly: true }])
    }
  })

  it("systemd passes the private authority's file as a credential, and names the credential", () => {
    const lines = uncommented("systemd/gitpip.service").split("\n")
    assert.includeMembers(lines, [
      `LoadCredential=authority.pem:${path}`,
      "Environment=NODE_EXTRA_CA_CERTS=%d/authority.pem"
    ])
  })
})
