import { DateTime, Effect, Option } from "effect"
import type { NewActivity, Pipedrive } from "../../src/pipedrive/Pipedrive.ts"
import { FakePipedrive, type FakePipedriveOptions } from "../../src/testing/index.ts"
import { makePipedrive, pipedriveToken } from "../net/clients.ts"

export const world = Effect.fnUntraced(function* (options: FakePipedriveOptions = {}) {
  const fake = yield* FakePipedrive.make({ token: pipedriveToken, searchLagMillis: 0, ...options })
  const pipedrive = yield* makePipedrive(fake.url)
  const deal = fake.addDeal({ title: "octocat" })
  return { fake, pipedrive, deal }
})

export const activity = (deal_id: number, more: Partial<NewActivity> = {}): NewActivity => ({
  subject: "a.ts",
  type: "task",
  deal_id,
  due_date: "2026-01-02",
  done: false,
  note: "note",
  ...more
})

export const none = Option.none<string>()
export const newest = (pipedrive: Pipedrive["Service"], deal: number) => pipedrive.activitiesOfDeal(deal, none)

export const resumeOf = (reason: { readonly _tag: string; readonly resumeAt?: DateTime.Utc }) =>
  [reason._tag, reason.resumeAt === undefined ? undefined : DateTime.toEpochMillis(reason.resumeAt)] as const
