/** A server's work against a Pipedrive with odd answers, and what became of the files. */
import { assert } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Option } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import { Publisher } from "../../src/publish/Publisher.ts"
import type { FakeGithub, FakePipedrive, FakeRequest, Fault, LoggedRequest } from "../../src/testing/index.ts"
import { atRest, elapse, everything, name, passTime } from "../world.ts"

const failure = (error: string) => ({ success: false, error })
export const refusal = (status: number, error: string): Fault => ({ kind: "status", status, body: failure(error) })
export const page = (status: number): Fault => ({ kind: "html", status })

export const isCreate = ({ method, route }: Pick<LoggedRequest, "method" | "route">) =>
  method === "POST" && route === "/api/v2/activities"
export const isNote = ({ method, route }: Pick<LoggedRequest, "method" | "route">) =>
  method === "POST" && route === "/api/v1/notes"
export const creates = ({ requests }: FakePipedrive) => requests.filter(isCreate).length
/** Whether a request's body says this. */
export const says =
  (text: string) =>
  ({ body }: FakeRequest): boolean =>
    JSON.stringify(body ?? null).includes(text)

/** Whether a request creates an activity, and its body says this. */
export const createsOf = (text: string) => (request: FakeRequest) => isCreate(request) && says(text)(request)

export const forever = Number.POSITIVE_INFINITY

/** Tracked users, each with one file that is found and waits. */
export const given = Effect.fnUntraced(function* (github: FakeGithub, files: Record<string, Record<string, string>>) {
  const gitpip = yield* Gitpip
  for (const [login, own] of Object.entries(files)) {
    github.addUser(login)
    for (const [file, text] of Object.entries(own)) github.addGist(login, { files: { [file]: text } })
    yield* gitpip.track(name(login))
  }
  yield* gitpip.scan()
})

/** A server's work: it publishes in steps of this length, and skips each step in which the publisher expects nothing to do. */
export const work = Effect.fnUntraced(function* (time: Duration.Input, step: Duration.Input = "5 minutes") {
  const publisher = yield* Publisher
  const stepMillis = millisOf(step)
  const end = (yield* Clock.currentTimeMillis) + millisOf(time)
  yield* publish
  for (;;) {
    const now = yield* Clock.currentTimeMillis
    if (now >= end) return
    const next = Option.match(yield* publisher.nextAt, {
      onNone: () => end,
      onSome: ({ epochMilliseconds }) => Math.min(epochMilliseconds, end)
    })
    yield* passTime(Math.max(Math.ceil((next - now) / stepMillis), 1) * stepMillis)
    yield* publish
  }
})

/** A server that new files wake at every step, although nothing is due. */
export const workAwake = Effect.fnUntraced(function* (time: Duration.Input, step: Duration.Input) {
  const end = (yield* Clock.currentTimeMillis) + millisOf(time)
  yield* publish
  while ((yield* Clock.currentTimeMillis) < end) {
    yield* passTime(step)
    yield* publish
  }
})

/** Publishes what is due. A request that waits for a limit goes on, because time passes whenever nothing else happens. */
export const publish = Effect.gen(function* () {
  const fiber = yield* Effect.forkChild((yield* Gitpip).publish, { startImmediately: true })
  for (;;) {
    yield* atRest
    if (fiber.pollUnsafe() !== undefined) return yield* Fiber.join(fiber)
    yield* elapse("1 second")
  }
})

const millisOf = (time: Duration.Input) => Duration.toMillis(Duration.fromInputUnsafe(time))

export const publicationOf = Effect.fnUntraced(function* (file: string) {
  const gitpip = yield* Gitpip
  const found = (yield* gitpip.publications(everything)).find(({ filename }) => filename === file)
  return found ?? (yield* Effect.die(`${file} has no publication`))
})

export const attemptsOf = Effect.fnUntraced(function* (file: string) {
  return (yield* (yield* Gitpip).publication((yield* publicationOf(file)).id)).attempts
})

/** A new file of a user is published within a minute, whatever troubles others. */
export const reaches = Effect.fnUntraced(function* (world: World, login: string, file: string) {
  world.github.addGist(login, { files: { [file]: "new" } })
  yield* (yield* Gitpip).scan()
  yield* work("1 minute", "10 seconds")
  assert.strictEqual((yield* publicationOf(file)).state, "published", `${file} of ${login}`)
})

export interface World {
  readonly github: FakeGithub
  readonly pipedrive: FakePipedrive
}

/** Nothing is there twice. */
export const once = ({ pipedrive }: World) => {
  const subjects = pipedrive.activities.map(({ subject }) => subject)
  assert.strictEqual(new Set(subjects).size, subjects.length)
}

export const others = { bob: { "bob.md": "1" }, carol: { "carol.md": "1" } }
