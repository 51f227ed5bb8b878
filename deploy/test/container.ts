/** Containers of the image under the rules of `deploy/kubernetes`: its own user, read-only files, no capability. */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Image } from "./image.ts"

/** What `runc spec` writes, as far as it is changed here: https://github.com/opencontainers/runtime-spec/blob/main/config.md */
interface Spec {
  readonly process: object
  readonly linux: { readonly namespaces: ReadonlyArray<{ readonly type: string }> }
}

/** The command line that runs `words` in a container of the image, on this machine's network, where the fakes listen. */
export const containerOf = (
  image: Image,
  {
    env,
    folder,
    id,
    words
  }: {
    readonly env: Readonly<Record<string, string>>
    /** An empty folder for the container's files. */
    readonly folder: string
    readonly id: string
    readonly words: ReadonlyArray<string>
  }
): ReadonlyArray<string> => {
  const bundle = join(folder, id)
  mkdirSync(bundle)
  const spec: Spec = JSON.parse(
    execFileSync("sh", ["-c", "runc spec && cat config.json"], { cwd: bundle, encoding: "utf8" })
  )
  const [uid, gid] = image.config.User.split(":").map(Number)
  const changed = {
    ...spec,
    process: {
      ...spec.process,
      terminal: false,
      args: words,
      cwd: image.config.WorkingDir,
      env: [...image.config.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      user: { uid, gid },
      capabilities: {},
      noNewPrivileges: true
    },
    root: { path: image.files, readonly: true },
    linux: { ...spec.linux, namespaces: spec.linux.namespaces.filter(({ type }) => type !== "network") }
  }
  writeFileSync(join(bundle, "config.json"), JSON.stringify(changed))
  return ["runc", ...stateIn(folder), "run", "--bundle", bundle, id]
}

const stateIn = (folder: string): ReadonlyArray<string> => ["--root", join(folder, "state")]

/** Kills what is left of a container. */
export const remove = ({ folder, id }: { readonly folder: string; readonly id: string }): void =>
  void spawnSync("runc", [...stateIn(folder), "delete", "--force", id])

/** The first process of a container, by its id on this machine. */
export const pidOf = ({ folder, id }: { readonly folder: string; readonly id: string }): number =>
  JSON.parse(execFileSync("runc", [...stateIn(folder), "state", id], { encoding: "utf8" })).pid
