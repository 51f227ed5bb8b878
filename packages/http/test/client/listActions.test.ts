/** Counting and tracking a list on the page, with answers that come when the test says so. */
import { afterAll, assert, beforeAll, beforeEach, describe, it, vi } from "@effect/vitest"

type Actions = typeof import("../../src/client/listActions.js")
type State = typeof import("../../src/client/state.js")

interface Asked {
  readonly address: string
  readonly answer: (response: Response) => void
}

/** Requests about lists that wait for their answers. Other requests fail. */
let asked: Array<Asked> = []
let actions: Actions
let page: State

beforeAll(async () => {
  vi.stubGlobal("document", { querySelector: () => null })
  vi.stubGlobal("location", { search: "" })
  vi.stubGlobal("fetch", (address: string) =>
    address.startsWith("contacts?")
      ? new Promise<Response>((answer) => asked.push({ address, answer }))
      : Promise.reject(new Error("not of this test"))
  )
  actions = await import("../../src/client/listActions.js")
  page = await import("../../src/client/state.js")
})
afterAll(() => {
  vi.unstubAllGlobals()
})
beforeEach(() => {
  asked = []
})

const settled = () => new Promise((resolve) => setImmediate(resolve))

/** The list that is shown. */
const list = () => {
  const { list } = page.state
  assert.isNotNull(list)
  return list as NonNullable<typeof list>
}

const contacts = (next: string | null) => ({
  source: "followers:ann",
  contacts: [{ login: `user-${next}`, person_id: null, state: "new" }],
  left_out: 0,
  invalid: [],
  next,
  is_cut: false,
  github_requests: 1,
  tokens: 0,
  first: { github_requests: 2, gists: 0, files: 0, tokens: 0 }
})

/** Answers the request that waits. */
const answer = async (body: object, status = 200) => {
  assert.lengthOf(asked, 1)
  asked.splice(0)[0]?.answer(new Response(JSON.stringify(body), { status }))
  await settled()
}

describe("a list on the page", () => {
  it("that is stopped while a page is on its way counts each page once when it goes on", async () => {
    const counting = actions.countList("followers:ann")
    actions.stopList(list())
    assert.deepInclude(list(), { doing: "counting", isStopping: true })
    await answer(contacts("2"))
    await counting
    assert.deepInclude(list(), { doing: null, next: "2", isWhole: false })
    const rest = actions.goOnCounting(list())
    assert.deepStrictEqual(
      asked.map(({ address }) => address),
      ["contacts?source=followers%3Aann&next=2"]
    )
    await answer(contacts(null))
    await rest
    assert.deepInclude(list(), { doing: null, isWhole: true })
    assert.strictEqual(list().counted.accounts, 2)
  })

  it("whose tracking is stopped or fails is not done, and goes on with the sums", async () => {
    const counting = actions.countList("followers:ann")
    await answer(contacts(null))
    await counting
    const tracking = actions.trackList(list())
    await answer(contacts("2"))
    await answer({ title: "GitHub answers with 502" }, 502)
    await tracking
    assert.deepInclude(list(), { doing: null, isTracked: false })
    assert.strictEqual(list().tracked?.states.new, 1)
    const stopped = actions.trackList(list())
    actions.stopList(list())
    await answer(contacts("3"))
    await stopped
    assert.deepInclude(list(), { doing: null, isTracked: false })
    const rest = actions.trackList(list())
    await answer(contacts(null))
    await rest
    assert.deepInclude(list(), { doing: null, isTracked: true })
    assert.strictEqual(list().tracked?.states.new, 3)
  })

  it("with a name that GitHub cannot have says which name to enter", async () => {
    const counting = actions.countList("org:a b")
    await answer({ title: "The request is wrong", detail: "source: a source is `org:ORG`" }, 400)
    await counting
    assert.isNull(page.state.list)
    assert.strictEqual(page.state.problem, '"a b" is not a name that GitHub can have. Enter one such as acme')
  })
})
