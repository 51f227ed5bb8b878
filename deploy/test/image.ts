/**
 * The image, built from the Dockerfile by `buildah` without a daemon, and run by `runc`.
 *
 * Its base is a Debian made by `debootstrap` with this checkout's Node.js, under the names of the Dockerfile's `FROM`. The
 * base stays in the system's directory for temporary files, so that later runs are quick.
 */
import { execFile, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

export const root = fileURLToPath(new URL("../../", import.meta.url))
export const dockerfile = readFileSync(`${root}deploy/Dockerfile`, "utf8")

/** The names of the base images. */
export const bases: ReadonlyArray<string> = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, name = ""]) => name)

/** Why this machine cannot build and run the image; undefined when it can. */
export const lacking = (): string | undefined => {
  const missing = ["buildah", "runc", "debootstrap", "npm"].filter((name) => pathOf(name) === "")
  if (missing.length > 0) return `${missing.join(", ")} missing, which apt-get install brings`
  return spawnSync("unshare", ["--mount", "true"]).status === 0 ? undefined : "this process may not mount file systems"
}

/** The file of a program on the PATH; empty when there is none. */
const pathOf = (program: string): string =>
  spawnSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).stdout.trim()

/** What the image says about its containers: https://github.com/moby/docker-image-spec */
export interface Config {
  readonly User: string
  readonly WorkingDir: string
  readonly Env: ReadonlyArray<string>
  readonly Entrypoint: ReadonlyArray<string>
  readonly Cmd: ReadonlyArray<string>
  readonly StopSignal: string
  readonly Labels: Readonly<Record<string, string>>
  /** Times are in nanoseconds. */
  readonly Healthcheck: {
    readonly Test: ReadonlyArray<string>
    readonly Interval: number
    readonly Timeout: number
    readonly StartPeriod: number
    readonly Retries: number
  }
}

export interface Image {
  readonly config: Config
  /** The folder that holds the image's `/`. */
  readonly files: string
  readonly remove: () => Promise<void>
}

const storage = join(tmpdir(), "gitpip-image-storage")

const run = async (program: string, ...args: ReadonlyArray<string>): Promise<string> => {
  const { stdout } = await promisify(execFile)(program, args, { cwd: root, maxBuffer: 2 ** 26 })
  return stdout.trim()
}

const buildah = (...args: ReadonlyArray<string>) =>
  run("buildah", "--root", storage, "--runroot", join(storage, "run"), ...args)

/** Builds the image, and opens its files. */
export const build = async (buildArgs: Readonly<Record<string, string>>): Promise<Image> => {
  mkdirSync(storage, { recursive: true })
  for (const base of bases) {
    if ((await buildah("images", "--quiet", "--filter", `reference=${base}`)) === "") await makeBase(base)
  }
  const name = `localhost/gitpip-test-${process.pid}`
  const settings = mkdtempSync(join(tmpdir(), "gitpip-image-"))
  try {
    await buildah(
      "build",
      "--isolation=chroot",
      // The format of the OCI has no health check.
      "--format=docker",
      "--pull-never",
      "--file=deploy/Dockerfile",
      "--ignorefile=deploy/Dockerfile.dockerignore",
      `--tag=${name}`,
      ...Object.entries(buildArgs).map(([key, value]) => `--build-arg=${key}=${value}`),
      ...(await npmVolumes(settings)),
      "."
    )
  } finally {
    rmSync(settings, { recursive: true })
  }
  const config: Config = JSON.parse(await buildah("inspect", "--type=image", name)).Docker.config
  const container = await buildah("from", "--pull-never", name)
  const files = await buildah("mount", container)
  const remove = async () => {
    await buildah("rm", container)
    await buildah("rmi", name)
  }
  return { config, files, remove }
}

/** Mounts of the build: this machine's cache of packages, its registry and the certificates that it trusts. */
const npmVolumes = async (folder: string): Promise<ReadonlyArray<string>> => {
  const [cache, registry, cafile] = await Promise.all(
    ["cache", "registry", "cafile"].map((key) => run("npm", "config", "get", key))
  )
  const trusted = [cafile, process.env.NODE_EXTRA_CA_CERTS].find((path) => path?.startsWith("/"))
  const lines = [
    `registry=${registry}`,
    "prefer-offline=true",
    ...(trusted === undefined ? [] : ["cafile=/etc/npm.crt"])
  ]
  writeFileSync(join(folder, "npmrc"), lines.join("\n"))
  return [
    `--volume=${cache}:/root/.npm`,
    `--volume=${folder}/npmrc:/usr/local/etc/npmrc:ro`,
    ...(trusted === undefined ? [] : [`--volume=${realpathSync(trusted)}:/etc/npm.crt:ro`])
  ]
}

/** Makes a base image: this machine's release of Debian, Node.js and npm. */
const makeBase = async (name: string): Promise<void> => {
  const [, release = "stable"] = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync("/etc/os-release", "utf8")) ?? []
  const container = await buildah("from", "scratch")
  try {
    const files = await buildah("mount", container)
    await run("debootstrap", "--variant=minbase", release, files)
    const modules = join(files, "usr/local/lib/node_modules")
    mkdirSync(modules, { recursive: true })
    await run("cp", "--archive", dirname(dirname(realpathSync(pathOf("npm")))), join(modules, "npm"))
    await run("cp", process.execPath, join(files, "usr/local/bin/node"))
    await run("ln", "--symbolic", "../lib/node_modules/npm/bin/npm-cli.js", join(files, "usr/local/bin/npm"))
    // The names in full, which no list of registries changes.
    await buildah("commit", container, `docker.io/library/${name}`)
    for (const other of bases) await buildah("tag", `docker.io/library/${name}`, `docker.io/library/${other}`)
  } finally {
    await buildah("rm", container)
  }
}
