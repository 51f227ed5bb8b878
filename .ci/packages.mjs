/**
 * Packs each package, and checks the tarball with publint and "are the types wrong". Then installs all tarballs into an
 * empty folder, where a script imports each entry and runs the command.
 */
import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const root = fileURLToPath(new URL("../", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "gitpip-packages-"))
const env = {
  ...process.env,
  PATH: [join(root, "node_modules/.bin"), dirname(process.execPath), process.env.PATH].join(delimiter),
  npm_config_update_notifier: "false",
  // npm reads packages that `npm ci` has fetched from its cache.
  npm_config_prefer_offline: "true"
}
for (const key of Object.keys(env))
  if (key.startsWith("npm_package_") || key === "npm_config_local_prefix") delete env[key]

const exec = promisify(execFile)
const run = async (command, args, cwd = root) => {
  console.log(`$ ${command} ${args.join(" ")}`.replaceAll(folder, "."))
  try {
    const { stderr, stdout } = await exec(command, args, { cwd, env })
    process.stderr.write(stderr)
    return stdout
  } catch (error) {
    throw new Error(`${command} ${args.join(" ")} ended with ${error.code}\n${error.stdout}${error.stderr}`)
  }
}

/** Packs and checks one package, and returns the path of its tarball. */
const pack = async (name) => {
  const directory = join(root, "packages", name)
  const [[{ filename, files, size }]] = await Promise.all([
    run("npm", ["pack", directory, "--json", "--pack-destination", folder]).then(JSON.parse),
    run("publint", ["run", "--strict", directory])
  ])
  const stray = files
    .map(({ path }) => path)
    .filter((path) => !/^(dist|src|bin)\/|^(package\.json|LICENSE|README\.md)$/.test(path))
  if (stray.length > 0) throw new Error(`@gitpip/${name} would publish ${stray.join(", ")}`)
  console.log(`@gitpip/${name}: ${files.length} files, ${Math.round(size / 1024)} kB packed`)
  const tarball = join(folder, filename)
  // The packages are ESM only. A package without importable entries has no types to check.
  if (name !== "cli") await run("attw", [tarball, "--profile", "esm-only", "--format", "ascii"])
  return tarball
}

try {
  const tarballs = await Promise.all(["core", "http", "cli"].map(pack))
  const project = join(folder, "project")
  mkdirSync(project)
  const { effect } = JSON.parse(readFileSync(join(root, "packages/cli/package.json"), "utf8")).dependencies
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }))
  await run("npm", ["install", "--no-audit", "--no-fund", ...tarballs, `effect@${effect}`], project)
  writeFileSync(
    join(project, "use.mjs"),
    `import * as core from "@gitpip/core"
import { open } from "@gitpip/core/promise"
import { FakeGithub, FakePipedrive } from "@gitpip/core/testing"
import { Api, toWebHandler } from "@gitpip/http"
import { ConfigProvider, Effect, Layer } from "effect"

const wanted = [core.Gitpip, core.Settings, core.Sink, core.Worker, open, Api, toWebHandler]
if (wanted.some((value) => value === undefined)) throw new Error("an export is missing")

await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
  const github = yield* FakeGithub.make({ token: "t" })
  const pipedrive = yield* FakePipedrive.make()
  github.addUser("octocat")
  github.addGist("octocat", { files: { "hello.rb": "puts 1" } })
  yield* Effect.promise(async () => {
    const gitpip = await open({ settings: {
      GITHUB_TOKEN: "t", GITHUB_API_URL: github.url.origin,
      PIPEDRIVE_TOKEN: pipedrive.token, PIPEDRIVE_API_URL: pipedrive.url.origin
    } })
    await gitpip.track("octocat")
    await gitpip.scan()
    await gitpip.publish()
    await gitpip.close()
  })
  if (pipedrive.activities.length !== 1) throw new Error("nothing was published")
})))

const settings = core.Settings.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord({}))))
const web = toWebHandler(
  core.Worker.layer.pipe(
    Layer.provideMerge(core.Gitpip.layerWithDatabase),
    Layer.provide([core.layerTransport, core.Database.layerMemory]),
    Layer.provideMerge(settings)
  )
)
const get = (path) => web.handler(new Request(new URL(path, "http://127.0.0.1/")))
const page = await (await get("/")).text()
const parts = page.split('"').filter((text) => text.startsWith("./assets/"))
for (const part of parts) if ((await get(part)).status !== 200) throw new Error(part + " is missing")
if (parts.length < 5) throw new Error("the page has no parts")
await web.dispose()
console.log("imported, tracked, scanned, published and showed the page from the tarballs")
`
  )
  process.stdout.write(await run("node", ["use.mjs"], project))
  for (const args of [["--version"], ["users"], ["--help"]])
    process.stdout.write(await run(join(project, "node_modules/.bin/gitpip"), args, project))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
