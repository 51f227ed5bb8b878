/** The page with answers that come late, twice or never, and a page that stays open. The page's clock stands still. */
import { assert } from "@effect/vitest"
import { Gitpip, Username } from "@gitpip/core"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Page, Request } from "playwright-core"
import { found, Running } from "../server.ts"
import { layer, layerStage, openPage, Pipedrive, refuseFilesOf, sees, steps, withChromium } from "./browser.ts"

/** A page whose timers run when the test says so. */
const openStill = Effect.gen(function* () {
  const page = yield* openPage()
  yield* steps(async () => {
    await page.clock.install()
    await page.clock.pauseAt(Date.now() + 60_000)
  })
  return page
})

/** Waits until the page has done everything that it does at once: these requests take longer. */
const rest = (page: Page) => page.evaluate("(async () => { for (let n = 0; n < 20; n++) await fetch('health') })()")

const minute = (page: Page) => page.clock.runFor(60_000)

/** The requests of the page, as `GET /status`. */
const asked = (page: Page) => {
  const all: Array<string> = []
  page.on("request", (request: Request) => all.push(`${request.method()} ${new URL(request.url()).pathname}`))
  return (what: RegExp) => all.filter((one) => what.test(one)).length
}

withChromium("the page, left open", () => {
  layer(layerStage(), { excludeTestServices: true })("the page", (it) => {
    it.effect("asks for events again after a while when they are refused, and not at once", () =>
      Effect.gen(function* () {
        const { origin } = yield* Running
        const page = yield* openStill
        const count = asked(page)
        yield* steps(async () => {
          await page.route("**/events", (route) => route.fulfill({ status: 503, body: "" }))
          await page.goto(origin)
          await sees(page, "Nobody is tracked yet")
          await rest(page)
          assert.strictEqual(count(/events/), 1)
          await page.unroute("**/events")
          await page.clock.runFor(6_000)
          await page.getByText("live", { exact: true }).waitFor()
          assert.strictEqual(count(/events/), 2)
        })
      })
    )

    it.effect("records a visit when a list is opened or has grown, and not with every reading", () =>
      Effect.gen(function* () {
        const { github, origin } = yield* Running
        const gitpip = yield* Gitpip
        yield* found("ann", 2)
        const page = yield* openStill
        const count = asked(page)
        const read = () => page.waitForResponse(/users\/ann\/gists/)
        yield* steps(async () => {
          await page.goto(`${origin}/?user=ann`)
          await page.locator(".files .badge").first().waitFor()
          for (let minutes = 0; minutes < 3; minutes++) {
            await rest(page)
            await Promise.all([read(), minute(page)])
          }
          await rest(page)
          assert.strictEqual(await page.locator(".files .badge").count(), 2)
          assert.strictEqual(count(/POST .latestgists/), 1)
        })
        github.addGist("ann", { files: { "more.md": "more" } })
        yield* gitpip.scan({ username: Username.make("ann") })
        yield* steps(async () => {
          await Promise.all([read(), minute(page)])
          await page.locator(".files li", { hasText: "more.md" }).locator(".badge").waitFor()
          assert.strictEqual(await page.locator(".files .badge").count(), 3)
          assert.strictEqual(count(/POST .latestgists/), 2)
        })
      })
    )

    it.effect("shows files as new when a later answer got lost, or when the reader skips to the content", () =>
      Effect.gen(function* () {
        const { origin } = yield* Running
        yield* found("bea", 2)
        const page = yield* openStill
        yield* steps(async () => {
          await page.route("**/users/bea/gists*", (route) => route.abort(), { times: 1 })
          await page.goto(`${origin}/?user=bea`)
          await page
            .getByRole("alert")
            .getByText(/cannot be reached/)
            .waitFor()
          await minute(page)
          await page.locator(".files .badge").first().waitFor()
          assert.strictEqual(await page.locator(".files .badge").count(), 2)
          await page.getByRole("link", { name: "Skip to the content" }).focus()
          await page.keyboard.press("Enter")
          await rest(page)
          assert.strictEqual(await page.locator(".files .badge").count(), 2)
        })
      })
    )

    it.effect("does not show a scan for ever when it missed the scan's end", () =>
      Effect.gen(function* () {
        const { call, origin } = yield* Running
        const { id } = yield* found("cid", 1)
        const { scan } = (yield* call("GET", `/scans/${id}`)).json
        const page = yield* openStill
        const events = [{ type: "listening" }, { type: "scan", scan: { ...scan, state: "running", finished_at: null } }]
        yield* steps(async () => {
          await page.route(
            "**/events",
            (route) =>
              route.fulfill({
                contentType: "text/event-stream",
                body: events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")
              }),
            { times: 1 }
          )
          await page.goto(origin)
          await sees(page, /Scanning cid/)
          await minute(page)
          await page.getByText(/Scanning cid/).waitFor({ state: "detached" })
        })
      })
    )

    it.effect("gives up waiting for an answer that never comes, and reads again", () =>
      Effect.gen(function* () {
        const { origin } = yield* Running
        const page = yield* openStill
        yield* steps(async () => {
          await page.route("**/status", () => {}, { times: 1 })
          await Promise.all([page.waitForRequest(/status$/), page.goto(origin)])
          await minute(page)
          await page
            .getByRole("alert")
            .getByText(/cannot be reached/)
            .waitFor()
          await minute(page)
          await page.getByRole("heading", { name: "Overview" }).waitFor()
          assert.strictEqual(await page.getByRole("alert").count(), 0)
        })
      })
    )

    it.effect("retries the rest when somebody else has retried a part, and reads each reason once", () =>
      Effect.gen(function* () {
        const { github, origin } = yield* Running
        const gitpip = yield* Gitpip
        const pipedrive = yield* Pipedrive
        refuseFilesOf(pipedrive, "dee", 2)
        // Another user's file is under way.
        yield* found("cyd", 1)
        github.addUser("dee")
        github.addGist("dee", { files: { "a.md": "a", "b.md": "b" } })
        yield* gitpip.track(Username.make("dee"))
        yield* gitpip.scan({ username: Username.make("dee") })
        yield* Effect.repeat(gitpip.status, { until: ({ publications }) => publications.failed === 2 })
        const failed = yield* gitpip.publications({ before: Number.MAX_SAFE_INTEGER, limit: 2, state: "failed" })
        const page = yield* openStill
        const count = asked(page)
        yield* steps(async () => {
          await page.goto(`${origin}/?user=dee`)
          await page
            .getByText(/Deal is locked/)
            .nth(1)
            .waitFor()
          // A reading that is due during another one waits for a timer, which stands still.
          for (let minutes = 0; minutes < 2; minutes++) {
            await rest(page)
            await Promise.all([page.waitForResponse(/users\/dee\/gists/), minute(page)])
          }
          await rest(page)
          assert.strictEqual(await page.getByText(/Deal is locked/).count(), 2)
          assert.strictEqual(count(/GET .publications/), 2)
        })
        yield* gitpip.retry(failed[0]?.id as number)
        yield* steps(async () => {
          await page.getByRole("button", { name: "Retry 2 failed files" }).click()
          await page.getByText("1 file will be tried again.").waitFor({ state: "attached" })
          assert.strictEqual(await page.getByRole("alert").count(), 0)
        })
      })
    )

    it.effect("keeps the keyboard's place when it asks whether to untrack", () =>
      Effect.gen(function* () {
        const { call, origin } = yield* Running
        yield* call("POST", "/users/eve")
        const page = yield* openPage()
        const focused = () => page.evaluate("document.activeElement.textContent")
        yield* steps(async () => {
          await page.goto(`${origin}/?user=eve`)
          await page.getByRole("button", { name: "Untrack …" }).press("Enter")
          await page.getByRole("button", { name: "Keep" }).waitFor()
          assert.strictEqual(await focused(), "Keep")
          await page.keyboard.press("Enter")
          await page.getByRole("button", { name: "Untrack …" }).waitFor()
          assert.strictEqual(await focused(), "Untrack …")
        })
      })
    )

    it.effect("opens users that its list does not show", () =>
      Effect.gen(function* () {
        const { origin } = yield* Running
        const sql = yield* SqlClient.SqlClient
        yield* sql`insert into users (id, username, tracked_at)
            select 1000 + n, 'user-' || n, now() from generate_series(1, 60) n`
        const page = yield* openPage()
        yield* steps(async () => {
          await page.goto(origin)
          await page.getByRole("button", { name: "Show more users" }).waitFor()
          await page.getByLabel("GitHub username").fill("zoe")
          await page.getByRole("button", { name: "Track" }).click()
          await page.locator("p", { hasText: "zoe is tracked." }).getByRole("link").waitFor()
          await page.getByLabel("GitHub username").fill("user-60")
          await page.getByRole("button", { name: "Open" }).click()
          await page.getByRole("heading", { level: 1, name: "user-60" }).waitFor()
        })
      })
    )
  })

  const key = "a-long-and-secret-key"
  layer(layerStage({ GITPIP_API_KEY: key }), { excludeTestServices: true })("the page with a key", (it) => {
    it.effect("shows nothing after signing out, even when answers were still on their way", () =>
      Effect.gen(function* () {
        const { origin } = yield* Running
        const page = yield* openStill
        let release = () => {}
        const held = new Promise<void>((resolve) => {
          release = resolve
        })
        yield* steps(async () => {
          await page.goto(origin)
          const field = page.getByLabel("The server's API key")
          await field.fill(key)
          await page.getByRole("button", { name: "Sign in" }).click()
          await sees(page, "Nobody is tracked yet")
          await page.route("**/status", async (route) => {
            const response = await route.fetch()
            await held
            await route.fulfill({ response })
          })
          await Promise.all([page.waitForRequest(/status$/), minute(page)])
          await page.getByRole("button", { name: "Sign out" }).click()
          await field.waitFor()
          release()
          await page.waitForResponse(/status$/)
          await rest(page)
          assert.strictEqual(await page.getByRole("heading", { name: "Overview" }).count(), 0)
          assert.strictEqual(await page.getByRole("button", { name: "Sign out" }).count(), 0)

          await page.unroute("**/status")
          await field.fill(key)
          await page.getByRole("button", { name: "Sign in" }).click()
          await sees(page, "Nobody is tracked yet")
          await page.context().clearCookies()
          await minute(page)
          await sees(page, "The session has ended. Sign in again")
        })
      })
    )
  })
})
