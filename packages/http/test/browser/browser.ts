/** The page in a real Chromium, of a server that scans and publishes by itself between both fakes. */
import { existsSync } from "node:fs"
import { assert, it, layer } from "@effect/vitest"
import { Worker } from "@gitpip/core"
import { FakePipedrive } from "@gitpip/core/testing"
import { Context, Effect, Layer } from "effect"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { layerRunning } from "../server.ts"

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium"
const isInstalled = existsSync(executablePath)

/** A skipped test for a missing browser, whose title says so. */
export const withChromium = (name: string, tests: () => void): void =>
  isInstalled
    ? tests()
    : it.skip(`${name}: there is no Chromium at ${executablePath}. Install it: apt-get install -y chromium`, () => {})

export class Chromium extends Context.Service<Chromium, Browser>()("gitpip/test/Chromium") {
  static readonly layer = Layer.effect(
    Chromium,
    Effect.acquireRelease(
      Effect.promise(() =>
        chromium.launch({
          executablePath,
          args: [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync"
          ]
        })
      ),
      (browser) => Effect.promise(() => browser.close())
    )
  )
}

export class Pipedrive extends Context.Service<Pipedrive, FakePipedrive>()("gitpip/test/Pipedrive") {}

/** A server whose worker scans and publishes by itself, unless it is idle. */
export const layerStage = (env: Record<string, string> = {}, { isIdle = false }: { readonly isIdle?: boolean } = {}) =>
  Layer.unwrap(
    Effect.map(FakePipedrive.make({ token: "pipedrive-secret-token", burst: false }), (pipedrive) =>
      layerRunning(
        { PIPEDRIVE_TOKEN: pipedrive.token, PIPEDRIVE_API_URL: pipedrive.url.origin, ...env },
        {},
        isIdle ? undefined : Worker.layer
      ).pipe(Layer.merge(Layer.succeed(Pipedrive, pipedrive)))
    )
  ).pipe(Layer.merge(Chromium.layer))

/** Pipedrive refuses the user's next files. Files of other tests on the same server may still be under way. */
export const refuseFilesOf = (pipedrive: FakePipedrive, login: string, files = 1): void =>
  pipedrive.injectFault(
    { kind: "status", status: 400, body: { success: false, error: "Deal is locked", code: "ERR" } },
    {
      times: files,
      when: ({ body, method, route }) =>
        method === "POST" && route === "/api/v2/activities" && JSON.stringify(body).includes(`/${login}/`)
    }
  )

export { layer }

/** A page with its own cookies. Any error in its console fails the test. */
export const openPage = Effect.fnUntraced(function* (options: BrowserContextOptions = {}) {
  const browser = yield* Chromium
  const context = yield* Effect.acquireRelease(
    Effect.promise(() => browser.newContext({ reducedMotion: "reduce", ...options })),
    (context) => Effect.promise(() => context.close())
  )
  const page = yield* Effect.promise(() => context.newPage())
  // No time-out: `steps` counts turns.
  page.setDefaultTimeout(0)
  page.setDefaultNavigationTimeout(0)
  open.add(page)
  yield* Effect.addFinalizer(() => Effect.sync(() => open.delete(page)))
  const complaints: Array<string> = []
  page.on("console", (message) => {
    // The console also reports refused requests, which the test may be about.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      complaints.push(message.text())
    }
  })
  page.on("pageerror", (error) => complaints.push(String(error)))
  yield* Effect.addFinalizer(() => Effect.sync(() => assert.deepStrictEqual(complaints, [])))
  return page
})

/** Each page of the tests that run. */
const open = new Set<Page>()

/** Steps may take that many turns of an open page's event loop. A slow machine takes longer for a turn, and needs no more of them. */
const maxTurns = 1_000

const turn = async () => {
  await new Promise((resolve) => setTimeout(resolve, 50))
  // A page that leaves for another one answers no more.
  await Promise.all([...open].map((page) => page.evaluate(() => undefined).catch(() => undefined)))
}

/** Steps in a browser, as promises. Closes the pages after too many turns, so that what still waits fails and says for what. */
export const steps = (run: () => Promise<void>) =>
  Effect.promise(async () => {
    let isDone = false
    const running = run().finally(() => {
      isDone = true
    })
    for (let turns = 0; turns < maxTurns && !isDone; turns++)
      await Promise.race([turn(), running.catch(() => undefined)])
    if (!isDone) await Promise.all([...open].map((page) => page.close()))
    await running
  })

/** Waits until the page shows the text. */
export const sees = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor()

/** The link to a user in the list of users. The section about attention has links to users as well. */
export const userLink = (page: Page, login: string) =>
  page.getByRole("region", { name: /tracked user/ }).getByRole("link", { name: login, exact: true })
