/** The page with a screen reader, by keyboard, on a phone, in light and dark, and over a slow line. */
import { readFileSync, statSync } from "node:fs"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { assert } from "@effect/vitest"
import { Gitpip, Username } from "@gitpip/core"
import type { Result } from "axe-core"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Page } from "playwright-core"
import type { ContactPageJson } from "../../src/client/api.js"
import { Running } from "../server.ts"
import {
  layer,
  layerStage,
  openPage,
  Pipedrive,
  refuseFilesOf,
  sees,
  steps,
  userLink,
  withChromium
} from "./browser.ts"

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
const picture = (scheme: string) => fileURLToPath(new URL(`../../../../docs/page-${scheme}.png`, import.meta.url))

/** Many users, some of them failing. Created once for all tests of a server. */
const populated = Effect.gen(function* () {
  const { github } = yield* Running
  const gitpip = yield* Gitpip
  const pipedrive = yield* Pipedrive
  const sql = yield* SqlClient.SqlClient
  if ((yield* gitpip.status).users > 0) return
  refuseFilesOf(pipedrive, "grace")
  const people = ["ada", "brendan", "grace", "linus", "margaret"]
  for (const [index, login] of people.entries()) {
    github.addUser(login)
    for (let n = 0; n <= index; n++) {
      github.addGist(login, {
        description: `Note ${n}`,
        files: { [`${["parser.ts", "notes.md", "deploy.sh", "query.sql", "talk.md"][n]}`]: "# Some text\n".repeat(20) }
      })
    }
    yield* gitpip.track(Username.make(login))
  }
  yield* gitpip.track(Username.make("left-github"))
  yield* gitpip.requestScan()
  // The worker's first scan may have run already, so the counts of all users are compared.
  const settled = Effect.gen(function* () {
    const users = yield* gitpip.users({ after: 0, limit: 10 })
    const { publications } = yield* gitpip.status
    return users.every(({ state }) => state !== "new") && publications.pending + publications.sending === 0
  })
  yield* Effect.repeat(settled, { until: (done) => done })
  yield* sql`insert into scans (kind, state, requested_at, started_at, finished_at, files)
    select 'scheduled', 'done', at, at, at, (n * 7) % 11 from generate_series(1, 13) n, lateral (select now() - n * interval '1 day' as at) d`
  yield* sql`update publications set published_at = now() - (key % 9) * interval '1 day' where state = 'published'`
})

const crowd: ContactPageJson = {
  source: "org:crowd",
  contacts: [
    { login: "ada", person_id: null, state: "tracked" },
    { login: "newcomer", person_id: null, state: "new" }
  ],
  left_out: 1,
  invalid: [],
  next: null,
  is_cut: true,
  github_requests: 1,
  tokens: 0,
  first: { github_requests: 1, gists: 2, files: 3, tokens: 65 }
}

const findings = async (page: Page): Promise<ReadonlyArray<string>> => {
  // Not as an element of the page: the page's policy refuses that.
  await page.evaluate(axe)
  const { violations } = (await page.evaluate("axe.run()")) as { readonly violations: ReadonlyArray<Result> }
  return violations.map(({ help, id, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(" ")}`)
}

withChromium("the page's quality", () => {
  layer(layerStage(), { excludeTestServices: true })("the page", (it) => {
    for (const colorScheme of ["light", "dark"] as const) {
      it.effect(`has nothing that axe finds fault with, in ${colorScheme}`, () =>
        Effect.gen(function* () {
          const { origin } = yield* Running
          yield* populated
          const page = yield* openPage({ colorScheme, viewport: { width: 1_000, height: 1_200 } })
          yield* steps(async () => {
            await page.goto(origin)
            await sees(page, "Needs attention")
            await sees(page, "live")
            assert.deepStrictEqual(await findings(page), [])
            const path = picture(colorScheme)
            // Taken again when GITPIP_PICTURES is set; the test is that the picture exists, and is small.
            if (process.env.GITPIP_PICTURES !== undefined) await page.screenshot({ path })
            assert.isBelow(statSync(path).size, 200_000)

            // Half of the hour's requests are spent, and lists get no more.
            await page.route("**/contacts?**", (route) => route.fulfill({ json: crowd }))
            await page.getByText("Track everybody on a list …").click()
            await page.getByLabel("Name", { exact: true }).fill("crowd")
            await page.getByRole("button", { name: "Count" }).click()
            await sees(page, "2 accounts: 1 new, 1 tracked already.")
            assert.deepStrictEqual(await findings(page), [])

            await userLink(page, "margaret").click()
            await page.getByRole("button", { name: "Preview notes.md" }).click()
            await sees(page, "# Some text")
            assert.deepStrictEqual(await findings(page), [])
          })
        })
      )
    }

    it.effect("fits a phone", () =>
      Effect.gen(function* () {
        const { origin } = yield* Running
        yield* populated
        const page = yield* openPage({ viewport: { width: 320, height: 640 } })
        yield* steps(async () => {
          for (const path of ["/", "/?user=margaret"]) {
            await page.goto(`${origin}${path}`)
            await sees(page, "live")
            await page.locator(".rows li").first().waitFor()
            if (path === "/") await page.getByText("Track everybody on a list …").click()
            const wide = `[...document.querySelectorAll("body :not(.unseen, .unseen *)")]
              .filter((element) => element.getBoundingClientRect().right > 320)
              .map(({ outerHTML }) => outerHTML.slice(0, 80))`
            assert.deepStrictEqual(await page.evaluate(wide), [], path)
            assert.isAtMost(Number(await page.evaluate("document.documentElement.scrollWidth")), 320, path)
          }
        })
      })
    )

    it.effect("is used by keyboard alone", () =>
      Effect.gen(function* () {
        const { origin } = yield* Running
        yield* populated
        const page = yield* openPage()
        const focused = () =>
          page.evaluate("(document.activeElement.textContent || document.activeElement.id).trim()") as Promise<string>
        yield* steps(async () => {
          await page.goto(origin)
          await sees(page, "live")
          await page.keyboard.press("Tab")
          assert.strictEqual(await focused(), "Skip to the content")
          await page.keyboard.press("Enter")
          const passed: Array<string> = []
          while (passed.at(-1) !== "ada" && passed.length < 40) {
            await page.keyboard.press("Tab")
            passed.push(await focused())
          }
          assert.deepStrictEqual(passed.slice(0, 3), ["username", "Track", "Scan now"])
          await page.keyboard.press("Enter")
          await page.getByRole("heading", { level: 1, name: "ada" }).waitFor()
        })
      })
    )

    it.effect("comes in less than 100 kB, all of it from its own server", () =>
      Effect.gen(function* () {
        const { origin } = yield* Running
        yield* populated
        const page = yield* openPage()
        let bytes = 0
        const elsewhere: Array<string> = []
        yield* steps(async () => {
          const session = await page.context().newCDPSession(page)
          await session.send("Network.enable")
          session.on("Network.loadingFinished", ({ encodedDataLength }) => {
            bytes += encodedDataLength
          })
          page.on("request", (request) => {
            if (!/^(data:|blob:)/.test(request.url()) && new URL(request.url()).origin !== origin)
              elsewhere.push(request.url())
          })
          await page.goto(origin)
          await sees(page, "live")
          await page.locator(".rows li").first().waitFor()
        })
        assert.deepStrictEqual(elsewhere, [])
        assert.isAbove(bytes, 5_000)
        assert.isBelow(bytes, 100_000)
      })
    )
  })
})
