/**
 * The image without a container engine: the stages of the Dockerfile run in folders, so that tests can try the copied
 * files and the command. The command runs on this machine's Node.js, as the image's user.
 */
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import {
  type Copy,
  DockerfileParser,
  type Instruction,
  type JSONInstruction,
  type PropertyInstruction
} from "dockerfile-ast"

export const root = fileURLToPath(new URL("../../", import.meta.url))
export const dockerfile = readFileSync(`${root}deploy/Dockerfile`, "utf8")

/** How the image runs, by the last stage. */
export interface Image {
  /** The folder in place of `/`. */
  readonly files: string
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  readonly workdir: string
  readonly command: ReadonlyArray<string>
  readonly healthcheck: ReadonlyArray<string>
  readonly stopSignal: string
  readonly labels: Readonly<Record<string, string>>
}

interface Stage {
  readonly files: string
  workdir: string
  readonly env: Record<string, string>
  readonly said: Map<string, Instruction>
}

/** Carries out a Dockerfile in an empty folder. */
export const build = (text: string, folder: string): Image => {
  const stages = new Map<string, Stage>()
  let stage: Stage | undefined
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const keyword = instruction.getKeyword()
    const words = instruction.getArguments().map((argument) => argument.getValue())
    if (keyword === "FROM") {
      const name = words[1]?.toUpperCase() === "AS" ? (words[2] as string) : `stage${stages.size}`
      stage = { files: join(folder, name), workdir: "/", env: {}, said: new Map() }
      mkdirSync(stage.files)
      stages.set(name, stage)
      continue
    }
    if (stage === undefined) throw new Error(`${keyword} before FROM`)
    stage.said.set(keyword, instruction)
    if (keyword === "WORKDIR") {
      stage.workdir = words[0] as string
      mkdirSync(join(stage.files, stage.workdir), { recursive: true })
    } else if (keyword === "ENV") {
      for (const word of words) stage.env[word.split("=")[0] as string] = word.slice(word.indexOf("=") + 1)
    } else if (keyword === "COPY") {
      const from = (instruction as Copy).getFromFlag()?.getValue() ?? undefined
      const source = from === undefined ? undefined : stages.get(from)
      if (from !== undefined && source === undefined) throw new Error(`COPY from the unknown stage ${from}`)
      copy(stage, source, words)
    } else if (keyword === "RUN") {
      run(stage, instruction.getArgumentsContent() as string)
    }
  }
  if (stage === undefined) throw new Error("No stage")
  const list = (keyword: string) =>
    (stage.said.get(keyword) as JSONInstruction | undefined)?.getJSONStrings().map((word) => word.getJSONValue()) ?? []
  const properties = (stage.said.get("LABEL") as PropertyInstruction | undefined)?.getProperties() ?? []
  const word = (keyword: string) => stage.said.get(keyword)?.getArgumentsContent() ?? ""
  return {
    files: stage.files,
    env: stage.env,
    user: word("USER"),
    workdir: stage.workdir,
    command: [...list("ENTRYPOINT"), ...list("CMD")],
    healthcheck: JSON.parse(/CMD (\[.*\])$/.exec(word("HEALTHCHECK"))?.[1] ?? "[]"),
    stopSignal: word("STOPSIGNAL"),
    labels: Object.fromEntries(properties.map((label) => [label.getName(), label.getValue() ?? ""]))
  }
}

/** Copies like the builder: a folder's contents, or files by their own names into a folder. */
const copy = (stage: Stage, from: Stage | undefined, words: ReadonlyArray<string>): void => {
  const target = words.at(-1) as string
  const into = join(stage.files, stage.workdir, target)
  for (const source of words.slice(0, -1)) {
    const path = from === undefined ? inContext(source) : join(from.files, source)
    const isFolder = statSync(path).isDirectory()
    mkdirSync(isFolder ? into : target.endsWith("/") ? into : dirname(into), { recursive: true })
    if (from !== undefined && isFolder) {
      // Links cost less than copies; nothing changes a file of an earlier stage.
      const { stderr } = spawnSync("cp", ["-alT", path, into], { encoding: "utf8" })
      if (stderr !== "") throw new Error(stderr)
      continue
    }
    cpSync(path, isFolder || !target.endsWith("/") ? into : join(into, basename(source)), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (one) => !isIgnored(one)
    })
  }
}

const ignore = readFileSync(`${root}deploy/Dockerfile.dockerignore`, "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))

/** Whether a file of the checkout is hidden from the build. The last pattern that fits decides. */
const isIgnored = (path: string): boolean => {
  const own = path.slice(root.length)
  return ignore.reduce((ignored, line) => {
    const pattern = line.replace(/^!/, "").replaceAll("*", "[^/]*")
    const fits = line === "*" || new RegExp(`^${pattern}(/|$)`).test(own)
    return fits ? !line.startsWith("!") : ignored
  }, false)
}

const inContext = (source: string): string => {
  const path = join(root, source)
  if (isIgnored(path)) throw new Error(`deploy/Dockerfile.dockerignore keeps ${source} out of the build`)
  return path
}

/**
 * Without the machine's certificates npm retries for minutes; without the first setting it asks the registry again for each
 * package that it has. What `npm run` sets would describe this checkout, not the folder that is built.
 */
const buildEnv: Readonly<Record<string, string | undefined>> = {
  npm_config_prefer_offline: "true",
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_ENV$|NODE_OPTIONS$|VITEST)/.test(name))
  )
}

const run = (stage: Stage, command: string): void => {
  const cwd = join(stage.files, stage.workdir)
  // The build uses the packages that this checkout has installed, from the same lock file.
  if (command.startsWith("npm ci") && !command.includes("--omit=dev")) {
    borrow(join(cwd, "node_modules"))
    return
  }
  const { status, stderr, stdout } = spawnSync("/bin/sh", ["-euc", command], { cwd, env: buildEnv, encoding: "utf8" })
  if (status !== 0) throw new Error(`RUN ${command} ended with ${status}\n${stdout}${stderr}`)
}

const borrow = (target: string): void => {
  const names = (folder: string) => readdirSync(join(root, "node_modules", folder)).map((name) => join(folder, name))
  const packages = names("").flatMap((name) => (name.startsWith("@") ? names(name) : [name]))
  for (const name of packages) {
    const link = join(target, name)
    mkdirSync(dirname(link), { recursive: true })
    // Gitpip's own packages are the stage's.
    const [, own] = /^@gitpip\/(.+)$/.exec(name) ?? []
    symlinkSync(own === undefined ? join(root, "node_modules", name) : join(target, "../packages", own), link)
  }
}
