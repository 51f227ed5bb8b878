/** Carries out the commands of a history, on the fakes and on Gitpip. */
import { assert } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import { name, passTime } from "../world.ts"
import { type Account, type Change, type Command, type Stage, visibleOf } from "./history.ts"
import { drain, filesOf, nameOf, scan, visit } from "./work.ts"

const isList = ({ route }: { readonly route: string | undefined }) => route === "/users/{login}/gists"
const isCreate = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
  method === "POST" && route === "/api/v2/activities"
export const change = ({ github, model }: Stage, command: Change): void => {
  const { user } = command
  const account = model.account(user)
  const [oldest] = account.gists
  switch (command._tag) {
    case "Publish gist": {
      const files = Array.from({ length: command.files }, () => `${user}-${model.files++}.md`)
      const id = github.addGist(account.login, { files: Object.fromEntries(files.map((file) => [file, file])) })
      if (command.secret) github.setPublic(id, false)
      account.gists.push({ id, files, secret: command.secret })
      return
    }
    case "Make public":
      for (const gist of account.gists) {
        github.setPublic(gist.id, true)
        gist.secret = false
      }
      return
    case "Add file": {
      if (oldest === undefined) return
      const file = `${user}-${model.files++}.md`
      github.addFile(oldest.id, file, file)
      oldest.files.push(file)
      return
    }
    case "Delete gist": {
      if (oldest === undefined) return
      account.gists.shift()
      github.deleteGist(oldest.id)
      for (const file of oldest.files) model.deleted.add(file)
      return
    }
    case "Rename": {
      // An account is followed once a gist has shown who it is.
      if (account.stored.length === 0) return
      const before = account.login
      account.login = `${user}-${model.renames++}`
      github.renameUser(before, account.login)
      // All empty lists are alike: of an account without gists, nothing shows that another account has the name now.
      if (command.heir === "nobody" || !account.listed) return
      github.addUser(before)
      if (command.heir === "busy") github.addGist(before, { files: { [`heir-of-${before}.md`]: "" } })
    }
  }
}

const track = Effect.fnUntraced(function* (account: Account) {
  const gitpip = yield* Gitpip
  const { id, login } = account
  const onRecord = yield* nameOf(account)
  // A rename that no scan has noticed: the id still belongs to the name on record.
  if (onRecord !== login) {
    assert.strictEqual((yield* Effect.flip(gitpip.track(name(login), { id })))._tag, "UserConflict")
  }
  assert.strictEqual((yield* gitpip.track(onRecord, { id })).created, !account.tracked)
  account.tracked = true
})

const untrack = Effect.fnUntraced(function* (account: Account) {
  const gitpip = yield* Gitpip
  const untracked = yield* Effect.option(gitpip.untrack(yield* nameOf(account)))
  assert.strictEqual(Option.isSome(untracked), account.tracked)
  account.tracked = false
})

/** A scan whose answer comes late: a change, and another process's scan, overtake it. */
const overtakenScan = Effect.fnUntraced(function* (stage: Stage, account: Account, meanwhile: Change) {
  const { github, process } = stage
  if (!account.tracked) return
  const username = yield* nameOf(account)
  const visible = visibleOf(account)
  const asked = github.requests.filter(isList).length
  github.clearFaults()
  github.injectFault({ kind: "late" }, { when: isList })
  const late = yield* Effect.forkChild(process((one) => one.scan({ username })))
  yield* Effect.raceFirst(github.seen(asked + 1, isList), Fiber.await(late))
  github.clearFaults()
  change(stage, meanwhile)
  yield* scan(stage, account)
  github.release()
  const { failed, state } = yield* Fiber.join(late)
  const after = new Set([...account.stored, ...(state === "done" && failed === 0 ? visible : [])])
  account.stored = yield* filesOf(account)
  assert.sameMembers([...account.stored], [...after])
  account.listed = false
})

const pipedriveFaults = {
  lost: { kind: "lost" },
  reset: { kind: "reset" },
  refuse: { kind: "status", status: 422, body: { success: false, error: "no" } },
  burst: { kind: "burst-limit", resetInSeconds: 30 }
} as const

const githubFaults = {
  "500": { kind: "status", status: 500 },
  garbage: { kind: "garbage" },
  limit: { kind: "primary-limit", resetInSeconds: 100 }
} as const

const troublePipedrive = Effect.fnUntraced(function* (
  { model, pipedrive }: Stage,
  command: Extract<Command, { _tag: "Pipedrive" }>
) {
  model.pipedriveFaults++
  if (command.fault === "no deal") {
    const deal = pipedrive.deals.find(({ title }) => title.split("-")[0] === command.user)
    if (deal !== undefined) pipedrive.deleteDeal(deal.id)
    return
  }
  pipedrive.injectFault(pipedriveFaults[command.fault], { when: isCreate })
  if (command.drain) yield* (yield* Gitpip).publish
})

export const perform = Effect.fnUntraced(function* (stage: Stage, command: Command) {
  const account = stage.model.account("user" in command && command.user !== null ? command.user : "ann")
  switch (command._tag) {
    case "Track":
      return yield* track(account)
    case "Untrack":
      return yield* untrack(account)
    case "Change":
      change(stage, command.change)
      if (command.scan) yield* scan(stage, null)
      return
    case "Scan":
      return yield* scan(stage, command.user === null ? null : account, command.processes)
    case "Overtaken scan":
      return yield* overtakenScan(stage, account, command.meanwhile)
    case "Drain":
      return yield* drain(stage, command.processes)
    case "Visit":
      return yield* visit(stage, account, command)
    case "Pipedrive":
      return yield* troublePipedrive(stage, command)
    case "GitHub":
      return stage.github.injectFault(githubFaults[command.fault])
    case "Time passes":
      return yield* passTime(`${command.minutes} minutes`)
  }
})
