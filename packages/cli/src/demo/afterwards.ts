/** After the tour: the server works by itself, somebody writes a gist now and then, and its way to Pipedrive is shown. */
import { Effect } from "effect"
import type { Narrator } from "./Narrator.ts"
import { type Scene, type Services, withServices } from "./services.ts"
import { interval, type Stage } from "./stage.ts"

const authors = ["ann", "anna", "annabel"] as const

/** Publishes a gist every 15 seconds and shows its way, until the command is stopped. */
export const afterwards = (stage: Stage, narrator: Narrator, port: number) =>
  withServices(stage, { port, worker: "working" }, (services) =>
    Effect.gen(function* () {
      yield* invitation(narrator, services)
      for (let n = 1; ; n++) {
        yield* Effect.sleep("15 seconds")
        yield* gist({ stage, narrator, services }, n)
      }
    })
  )

const invitation = Effect.fnUntraced(function* ({ part, say }: Narrator, { url }: Services) {
  yield* part("Now it runs by itself")
  yield* say(`Gitpip scans every ${interval}, and every 15 seconds somebody writes a gist.`)
  yield* say(`\n  The page: ${url}/\n`)
  yield* say(
    "The page shows everything as it happens: who is tracked, what is new, what went to Pipedrive. Or try at a terminal:"
  )
  for (const line of [
    `curl ${url}/users`,
    `curl ${url}/users/ann`,
    `curl -X POST ${url}/latestgists/ann`,
    `curl '${url}/publications?limit=3'`,
    `curl '${url}/scans?limit=1'`,
    `curl ${url}/health`,
    `${url}/docs  (in a browser: every call)`
  ]) {
    yield* say(`  ${line}`)
  }
  yield* say("Ctrl-C ends it, and leaves nothing behind.")
})

const gist = Effect.fnUntraced(function* (
  { narrator: { say }, services: { gitpip, url }, stage: { github, pipedrive } }: Scene,
  n: number
) {
  const author = authors[n % authors.length] ?? "ann"
  const filename = `thought-${n}.md`
  github.addGist(author, {
    description: `Thought ${n}`,
    files: { [filename]: `# Thought ${n}\n\nWritten ${new Date().toISOString()}\n` }
  })
  yield* say(`\n${author} writes ${filename} …`)
  const activity = yield* Effect.sync(() => pipedrive.activities.find(({ subject }) => subject === filename)).pipe(
    Effect.tap((found) => (found === undefined ? Effect.sleep("200 millis") : Effect.void)),
    Effect.repeat({ until: (found) => found !== undefined }),
    Effect.timeoutOrElse({ duration: "14 seconds", orElse: () => Effect.succeed(undefined) })
  )
  if (activity === undefined) {
    const { publishing } = yield* gitpip.status
    return yield* say(`… and it has not arrived in Pipedrive yet (publishing is ${publishing.state}).`)
  }
  const deal = pipedrive.deals.find(({ id }) => id === activity.deal_id)
  yield* say(
    `… a scan found it, and it is activity ${activity.id} on deal ${deal?.id} (${deal?.title}). See: curl -X POST ${url}/latestgists/${author}`
  )
})
