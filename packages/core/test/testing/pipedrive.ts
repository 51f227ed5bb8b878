/** A Pipedrive fake with one deal, as the tests of the fake use it. */
import { Effect } from "effect"
import { FakePipedrive, type FakePipedriveOptions } from "../../src/testing/index.ts"
import { type Ask, ask } from "./http.ts"

export const ACTIVITIES = "/api/v2/activities"
export const DEALS = "/api/v2/deals"

export const unlimited: FakePipedriveOptions = { burst: false, dailyTokens: false }

export const pipedrive = Effect.fnUntraced(function* (options?: FakePipedriveOptions) {
  const fake = yield* FakePipedrive.make(options)
  const deal = fake.addDeal({ title: "octocat" })
  const call = (path: string, request: Ask = {}) =>
    ask(fake, path, { ...request, headers: { "x-api-token": fake.token, ...request.headers } })
  const post = (path: string, body: unknown) => call(path, { method: "POST", body })
  const create = (subject: string, more: object = {}) => post(ACTIVITIES, { subject, type: "task", ...more })
  return { fake, deal, call, post, create }
})

export const subjects = (answer: { readonly json: { readonly data: ReadonlyArray<{ readonly subject: string }> } }) =>
  answer.json.data.map(({ subject }) => subject)
