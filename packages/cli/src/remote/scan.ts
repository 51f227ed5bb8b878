/** Has a running server scan, and follows its scans and its publishing until they end. */
import { type ScanDetails, ScanNotFound, UserNotTracked, type Username } from "@gitpip/core"
import { Effect } from "effect"
import { type Backend, type Report, ServerError } from "../Backend.ts"
import type { Progress } from "../Progress.ts"
import { publishAll } from "../publishing.ts"
import { scanning } from "../scanning.ts"
import type { Connection } from "./connection.ts"
import { type PublicationCalls, pollInterval, remoteOutbox } from "./publications.ts"
import { notTracked, reasonOf } from "./serverErrors.ts"

export const scanCall = (connection: Connection, calls: PublicationCalls): Backend["Service"]["scan"] =>
  Effect.fnUntraced(function* (usernames, progress) {
    const { client, orServerError } = connection
    // A misspelt name fails before anything begins.
    for (const username of usernames)
      yield* orServerError(client.users.get({ params: { username } }), notTracked(username))
    const [newest] = yield* calls.publications({ before: Number.MAX_SAFE_INTEGER, limit: 1 })
    const scans: Array<ScanDetails> = []
    for (const username of usernames.length === 0 ? [undefined] : usernames)
      scans.push(yield* scanOne(connection, { username, progress, status: calls.status }))
    return { scans, publishing: yield* publishAll(remoteOutbox(calls, newest?.id ?? 0), progress) } satisfies Report
  })

interface ScanOptions {
  /** Undefined for a scan of all users. */
  readonly username: Username | undefined
  readonly progress: Progress
  readonly status: PublicationCalls["status"]
}

/** Requests a scan, and waits for its end. */
const scanOne = Effect.fnUntraced(function* (
  { client: { scans }, orServerError, url }: Connection,
  { progress, status, username }: ScanOptions
) {
  const requested = yield* orServerError(scans.request({ query: username === undefined ? {} : { username } }), {
    UserNotTrackedProblem: () => new UserNotTracked({ username: username ?? "" }),
    ScanNotFoundProblem: (problem) => new ServerError({ message: reasonOf(problem) })
  })
  const { id } = requested.body
  yield* progress.update(`Scanning ${username ?? "all users"}, by the server at ${url}`)
  for (;;) {
    const details: ScanDetails = yield* orServerError(scans.get({ params: { id } }), {
      ScanNotFoundProblem: () => new ScanNotFound({ scan: id })
    })
    if (details.scan.finishedAt !== null) return details
    if (details.scan.state === "running") yield* progress.update(scanning(details.scan, username, yield* status))
    yield* Effect.sleep(pollInterval)
  }
})
