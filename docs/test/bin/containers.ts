/** Tests have no container engine: these `docker` and `kubectl` check their arguments, and do nothing. */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { parseArgs } from "node:util"
import { settings } from "@gitpip/core"
import { parse, parseAllDocuments } from "yaml"

const refuse = (why: string): never => {
  process.stderr.write(`${why}\n`)
  process.exit(1)
}

const file = (path: string | undefined) =>
  path !== undefined && existsSync(path) ? path : refuse(`there is no file ${path}`)

const [program, ...args] = process.argv.slice(2)
const { positionals, values } = parseArgs({
  args,
  allowPositionals: true,
  options: {
    apply: { type: "boolean" },
    build: { type: "boolean" },
    detach: { type: "boolean" },
    "env-file": { type: "string" },
    env: { type: "string", short: "e", multiple: true },
    file: { type: "string", short: "f" },
    from: { type: "string" },
    kustomize: { type: "string", short: "k" },
    namespace: { type: "string" },
    rm: { type: "boolean" },
    tag: { type: "string", short: "t" }
  }
})

/** Checks that the settings beside the file have each variable of the file. */
const compose = () => {
  const given = readFileSync(file(join(dirname(values.file ?? ""), ".env")), "utf8")
  for (const [, name] of readFileSync(file(values.file), "utf8").matchAll(/\$\{(\w+):\?/g))
    if (!given.includes(`${name}=`)) refuse(`${name} is missing`)
}

const checks: Readonly<Record<string, () => void>> = {
  "docker build .": () => file(values.file),
  "docker run gitpip doctor": () => {
    file(values["env-file"])
    for (const setting of values.env ?? []) {
      const [name = ""] = setting.split("=")
      if (!(name in settings)) refuse(`there is no setting ${name}`)
    }
  },
  "docker compose up": compose,
  "docker compose run gitpip doctor": compose,
  "docker compose ps": () => undefined,
  "kubectl apply": () => {
    const folder = values.kustomize ?? refuse("nothing to apply")
    const { resources, secretGenerator } = parse(readFileSync(file(join(folder, "kustomization.yaml")), "utf8"))
    const generated = secretGenerator.flatMap(({ envs }: { envs: ReadonlyArray<string> }) => envs)
    for (const name of [...resources, ...generated]) file(join(folder, name))
  },
  "kubectl create job before-upgrade": () => {
    const { kind, metadata } =
      parseAllDocuments(readFileSync(file("deploy/kubernetes/backup.yaml"), "utf8"))[0]?.toJS() ??
      refuse("there is no job")
    if (values.from !== `${kind.toLowerCase()}/${metadata.name}`) refuse(`there is no ${values.from}`)
  },
  "kubectl get pods": () => undefined
}

const check = checks[[program, ...positionals].join(" ")] ?? refuse(`${program} ${args.join(" ")}: not known`)
check()
