/** The tour, step by step. Each step prints what it does, does it, and checks its claims. */
import { Effect } from "effect"
import { count } from "../Text.ts"
import * as calls from "./calls.ts"
import { allFiles, cast, files, hostile, missing, usernames } from "./cast.ts"
import type { Narrator } from "./Narrator.ts"
import { type Scene, withServices } from "./services.ts"
import { burst, type Stage } from "./stage.ts"

/** Runs all steps. Claims that do not hold are noted by the narrator; the tour goes on. */
export const tour = Effect.fnUntraced(function* (stage: Stage, narrator: Narrator, port: number) {
  yield* withServices(stage, { port, worker: "idle" }, (services) =>
    Effect.gen(function* () {
      const scene: Scene = { stage, narrator, services }
      yield* opening(scene)
      yield* tracking(scene)
      yield* scanning(scene)
      yield* publishing(scene)
      yield* note(scene)
      yield* deals(scene)
      yield* visits(scene)
      yield* unchanged(scene, "A second scan finds nothing, and costs next to nothing")
    })
  )
  yield* withServices(stage, { port, worker: "idle" }, (services) => restart({ stage, narrator, services }))
})

const opening = Effect.fnUntraced(function* ({ narrator: { claim, part, say }, services: { url }, stage }: Scene) {
  yield* part("The stage")
  yield* say(`Gitpip serves on ${url}, with a PostgreSQL database in this process's memory.`)
  yield* say(`Open ${url} in a browser, and watch the tour from there as well.`)
  const statuses = yield* calls.page(url)
  yield* claim("The page answers, with its style sheet and its program", {
    holds:
      Object.values(statuses).every((status) => status === 200) &&
      [".css", ".js"].every((end) => Object.keys(statuses).some((path) => path.endsWith(end))),
    seen: JSON.stringify(statuses)
  })
  yield* say(
    `GitHub and Pipedrive are fakes on this machine: ${stage.github.url.origin} and ${stage.pipedrive.url.origin}.`
  )
  yield* say(
    `The Pipedrive one takes ${burst.limit} requests in ${burst.windowMillis / 1_000} seconds, as the Premium plan does (Lite: 20). No real account is touched.`
  )
})

const tracking = Effect.fnUntraced(function* ({ narrator: { claim, part, say }, services: { url } }: Scene) {
  yield* part("Tracking six users")
  for (const [index, username] of usernames.entries()) {
    yield* say(`POST /users/${username}/${index + 1}  (${cast[username]})`)
    yield* calls.track(url, username, index + 1)
  }
  const tracked = (yield* calls.users(url)).map(({ login }) => login)
  yield* claim("GET /users lists all six, names within names and all", {
    holds: tracked.join() === usernames.join(),
    seen: tracked.join()
  })
})

const scanning = Effect.fnUntraced(function* ({ narrator: { claim, part, say }, services: { gitpip }, stage }: Scene) {
  yield* part("The first scan")
  const { id } = yield* gitpip.scan()
  const { failures, scan } = yield* gitpip.scanDetails(id)
  yield* say(
    `${count(scan.users, "user")} checked with ${count(stage.github.count(), "request")} to GitHub, ${count(scan.files, "file")} found.`
  )
  yield* claim(`All ${allFiles} files were found, on one page of GitHub's list or on three`, {
    holds: scan.files === allFiles,
    seen: scan.files
  })
  yield* claim(`${missing} failed alone, and the scan was done all the same: "${failures[0]?.message}"`, {
    holds: scan.state === "done" && failures.length === 1 && failures[0]?.login === missing,
    seen: `${scan.state}, ${failures.map(({ login }) => login).join()}`
  })
  yield* claim("A scan never calls Pipedrive: everything waits in the outbox", {
    holds: stage.pipedrive.count() === 0,
    seen: stage.pipedrive.count()
  })
})

/** Rounds without a new activity after which the tour goes on. A slow machine takes as many rounds as a fast one. */
const maxIdleRounds = 400

const publishing = Effect.fnUntraced(function* ({
  narrator: { claim, part, say },
  services: { gitpip },
  stage: { pipedrive }
}: Scene) {
  yield* part("Publishing: the activities arrive in Pipedrive")
  const arriving = Effect.gen(function* () {
    for (let shown = 0; ; yield* Effect.sleep("500 millis")) {
      const last = pipedrive.activities.at(-1)
      if (last === undefined || pipedrive.activities.length === shown) continue
      shown = pipedrive.activities.length
      yield* say(`${String(shown).padStart(3)} of ${allFiles}  … ${last.subject}`)
    }
  })
  // Pipedrive's limit pauses publishing for a moment at a time, and then it goes on.
  const all = Effect.gen(function* () {
    let arrived = 0
    for (let idleRounds = 0; idleRounds < maxIdleRounds; idleRounds++) {
      yield* gitpip.publish
      const { publications, publishing } = yield* gitpip.status
      if (publications.pending === 0 || publishing.state === "off") return
      if (pipedrive.activities.length > arrived) idleRounds = 0
      arrived = pipedrive.activities.length
      yield* Effect.sleep("100 millis")
    }
  })
  yield* Effect.raceFirst(all, arriving)
  const { activities } = pipedrive
  yield* claim(`Each of the ${allFiles} files is one activity`, {
    holds: activities.length === allFiles && pages(activities).size === allFiles,
    seen: activities.length
  })
  const refused = pipedrive.count("POST", "/api/v2/activities", 429)
  yield* claim("Pipedrive never had to refuse for its limit", { holds: refused === 0, seen: `${refused} refused` })
})

const note = Effect.fnUntraced(function* ({ narrator: { claim, part, say }, stage: { pipedrive } }: Scene) {
  yield* part("What one activity says")
  const activity = pipedrive.activities.find(({ subject }) => subject === hostile.filename)
  const text = activity?.note ?? ""
  yield* say(`Of ${hostile.owner}'s file ${hostile.filename}, which holds:`)
  yield* say(hostile.content.trimEnd().replace(/^/gm, "  | "))
  yield* say("the note in Pipedrive reads:")
  yield* say(text.replaceAll("<br>", "<br>\n").trimEnd().replace(/^/gm, "  | "))
  yield* claim("Markup arrives escaped, as text to read", {
    holds: text.includes("&lt;script&gt;alert(") && !/<(script|b)>/.test(text),
    seen: text
  })
  yield* claim("It begins with the link to the file", {
    holds: text.startsWith('<a href="') && text.includes(`?file=${hostile.filename}`),
    seen: text
  })
})

const deals = Effect.fnUntraced(function* ({ narrator: { claim, part, say }, stage: { pipedrive } }: Scene) {
  yield* part("The deals")
  const held = pipedrive.deals.map(({ id, title }) => ({
    id,
    title,
    activities: pipedrive.activities.filter(({ deal_id }) => deal_id === id).length
  }))
  for (const deal of held)
    yield* say(`deal ${deal.id}  ${deal.title.padEnd(12)}  ${count(deal.activities, "activity", "activities")}`)
  const wanted = Object.entries(files).filter(([, count]) => count > 0)
  yield* claim("One deal for each user who published, with exactly their files on it", {
    holds:
      held.length === wanted.length &&
      wanted.every(([username, count]) =>
        held.some(({ activities, title }) => title === username && activities === count)
      ),
    seen: held.map(({ activities, title }) => `${title}: ${activities}`).join()
  })
  const [made] = held
  yield* claim("annabel's files hang on the deal that a colleague had made", {
    holds: made?.title === "annabel" && made.activities === files.annabel,
    seen: `${made?.title}: ${made?.activities}`
  })
})

const visits = Effect.fnUntraced(function* ({ narrator: { claim, part, say }, services: { url } }: Scene) {
  yield* part("What is new? Visits")
  yield* say("POST /latestgists/ann")
  const first = yield* calls.latest(url, "ann")
  for (const file of first) yield* say(`  ${file.filename}  ${file.rawUrl}`)
  yield* claim("The first visit shows ann's files", { holds: first.length === files.ann, seen: first.length })
  const others = first.filter(({ owner }) => owner !== "ann")
  yield* claim("and none of anna's or annabel's", {
    holds: others.length === 0,
    seen: others.map(({ filename }) => filename).join()
  })
  const second = yield* calls.latest(url, "ann")
  yield* say("POST /latestgists/ann, again")
  yield* claim("The second visit is empty", { holds: second.length === 0, seen: second.length })
})

const unchanged = Effect.fnUntraced(function* (
  { narrator: { claim, part, say }, services: { gitpip }, stage: { github, pipedrive } }: Scene,
  title: string
) {
  yield* part(title)
  github.clearRequests()
  pipedrive.clearRequests()
  const scan = yield* gitpip.scan()
  yield* gitpip.publish
  const unchanged = usernames.length - 1
  const answered = github.count("GET", "/users/{login}/gists", 304)
  yield* say(
    `${count(github.count(), "request")} to GitHub, ${answered} of them answered "304 Not Modified", which is free of its limit.`
  )
  yield* claim(`One 304 for each of the ${unchanged} users that exist, one request for the one that does not`, {
    holds: answered === unchanged && github.count() === unchanged + 1 && scan.unchanged === unchanged,
    seen: `${answered} of ${github.count()}`
  })
  yield* claim("Nothing was sent to Pipedrive", {
    holds: pipedrive.count() === 0 && pipedrive.activities.length === allFiles,
    seen: pipedrive.count()
  })
})

const restart = Effect.fnUntraced(function* (scene: Scene) {
  const { narrator, services } = scene
  yield* unchanged(scene, "The services were stopped and started again on the same database; a restart repeats nothing")
  const third = yield* calls.latest(services.url, "ann")
  yield* narrator.claim("Visits are remembered: ann has nothing new", { holds: third.length === 0, seen: third.length })
  const { publications, users } = yield* services.gitpip.status
  yield* narrator.claim(`So is everything else: ${count(users, "user")}, nothing waiting, nothing failed`, {
    holds: users === usernames.length && publications.pending + publications.sending + publications.failed === 0,
    seen: JSON.stringify(publications)
  })
})

/** The pages that activities link to: one for each file, however often it was published. */
const pages = (activities: Stage["pipedrive"]["activities"]): ReadonlySet<string> =>
  new Set(activities.map(({ note }) => /href="([^"]*)"/.exec(note ?? "")?.[1] ?? ""))
