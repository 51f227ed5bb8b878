/**
 * The packages as they are published: packed, checked by publint and "are the types wrong", installed from their
 * tarballs into an empty folder, where a script imports each entry and the command runs.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"

const root = new URL("../", import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), "gitpip-packages-"))
const env = {
  ...process.env,
  PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
  npm_config_update_notifier: "false"
}
for (const key of Object.keys(env))
  if (key.startsWith("npm_package_") || key === "npm_config_local_prefix") delete env[key]

const run = (command, args, cwd = root) => {
  console.log(`$ ${command} ${args.join(" ")}`.replaceAll(folder, "."))
  return execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })
}

try {
  const tarballs = ["core", "http", "cli"].map((name) => {
    const directory = join(root, "packages", name)
    run("npx", ["publint", "run", "--strict", directory])
    const [{ filename, files, size }] = JSON.parse(
      run("npm", ["pack", directory, "--json", "--pack-destination", folder])
    )
    const stray = files
      .map(({ path }) => path)
      .filter((path) => !/^(dist|src|bin)\/|^(package\.json|LICENSE|README\.md)$/.test(path))
    if (stray.length > 0) throw new Error(`@gitpip/${name} would publish ${stray.join(", ")}`)
    console.log(`@gitpip/${name}: ${files.length} files, ${Math.round(size / 1024)} kB packed`)
    const tarball = join(folder, filename)
    // ESM only, resolved by Node and bundlers; a package without importable entries has no types to check.
    if (name !== "cli") run("npx", ["attw", tarball, "--profile", "esm-only", "--format", "ascii"])
    return tarball
  })

  const project = join(folder, "project")
  execFileSync("mkdir", [project])
  const { effect } = JSON.parse(readFileSync(join(root, "packages/cli/package.json"), "utf8")).dependencies
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }))
  run("npm", ["install", "--no-audit", "--no-fund", ...tarballs, `effect@${effect}`], project)
  writeFileSync(
    join(project, "use.mjs"),
    `import * as core from "@gitpip/core"
import { open } from "@gitpip/core/promise"
import { GithubStandIn, PipedriveStandIn } from "@gitpip/core/testing"
import { Api, toWebHandler } from "@gitpip/http"
import { ConfigProvider, Effect, Layer } from "effect"

const wanted = [core.Gitpip, core.Settings, core.Sink, core.Worker, open, Api, toWebHandler]
if (wanted.some((value) => value === undefined)) throw new Error("an export is missing")

await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
  const github = yield* GithubStandIn.make({ token: "t" })
  const pipedrive = yield* PipedriveStandIn.make()
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
  process.stdout.write(run("node", ["use.mjs"], project))
  for (const args of [["--version"], ["users"], ["--help"]])
    process.stdout.write(run("npx", ["gitpip", ...args], project))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
