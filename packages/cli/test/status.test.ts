/** The table that `gitpip status` shows. */
import { assert, it } from "@effect/vitest"
import { ScanId, type Status } from "@gitpip/core"
import { DateTime } from "effect"
import { rowsOf } from "../src/commands/status.ts"
import type { Row } from "../src/Table.ts"

const at = DateTime.makeUnsafe(0)

const status = (github: Partial<Status["github"]>, lastScan: Status["lastScan"] = null): Status => ({
  users: 1,
  lastScan,
  nextScanAt: at,
  publications: { pending: 0, sending: 0, failed: 0, oldestDue: null },
  publishing: {
    state: "on",
    message: null,
    since: null,
    until: null,
    tokensLeft: null,
    tokensLimit: null,
    pipedriveUrl: null,
    publishAs: "activity"
  },
  github: { limit: null, remaining: null, resetAt: null, blockedUntil: null, points: null, ...github },
  schedule: {
    checksNeeded: 1,
    checksAllowed: 1,
    maxInterval: 600,
    oldestCheck: null,
    gistsPerDay: 0,
    tokensPerDay: 0,
    shortages: []
  }
})

const ended = (state: "done" | "stopped" | "interrupted", message: string | null): Status["lastScan"] => ({
  id: ScanId.make(1),
  state,
  kind: "scheduled",
  login: null,
  requestedAt: at,
  startedAt: at,
  finishedAt: at,
  users: 1,
  unchanged: 0,
  failed: 0,
  files: 0,
  reason: message === null ? null : "Why",
  message,
  resumeAt: null
})

for (const state of ["stopped", "interrupted"] as const) {
  it(`the status labels the message of a last scan that is ${state} by that state`, () => {
    assert.deepInclude(rowsOf(status({}, ended(state, "the reason"))), [state, { text: "the reason", meaning: "bad" }])
  })
}

it("the status has no line for the state of a last scan that is done", () => {
  const labels = rowsOf(status({}, ended("done", null))).map(([label]) => label)
  for (const state of ["done", "stopped", "interrupted"]) assert.notInclude(labels, state)
})

it("the status says until when nothing is sent to GitHub, and nothing about it otherwise", () => {
  const blocked: Row = ["GitHub", { text: "no request before 1970-01-01T00:00:00Z", meaning: "busy" }]
  assert.deepInclude(rowsOf(status({ blockedUntil: at })), blocked)
  assert.notInclude(
    rowsOf(status({})).map(([label]) => label),
    "GitHub"
  )
})
