/** The calls about publications, answered by a running server. */
import { type PublicationId, PublicationNotFound } from "@gitpip/core"
import { pageLimit } from "@gitpip/http"
import { Clock, Effect } from "effect"
import { type Calls, ServerError } from "../Backend.ts"
import type { Outbox } from "../publishing.ts"
import type { Connection } from "./connection.ts"
import { readPages } from "./pages.ts"
import { reasonOf } from "./serverErrors.ts"

/** Between two requests for the server's progress. */
export const pollInterval = "500 millis"

/** In milliseconds. A server whose outbox has not changed for this long is not waited for. */
const maxIdle = 120_000

export type PublicationCalls = Pick<Calls, "publications" | "retry" | "retryFailed" | "skip" | "status">

export const publicationCalls = ({
  client: { publications, system },
  orServerError
}: Connection): PublicationCalls => ({
  publications: ({ state, ...page }) =>
    readPages(page, (query) =>
      orServerError(publications.list({ query: state === undefined ? query : { ...query, state } }), {})
    ),
  retry: (id) =>
    orServerError(publications.retry({ params: { id: id as PublicationId } }), {
      PublicationNotFoundProblem: () => new PublicationNotFound({ publication: id }),
      PublicationNotFailedProblem: (problem) => new ServerError({ message: reasonOf(problem) })
    }),
  skip: (id) =>
    orServerError(publications.skip({ params: { id: id as PublicationId } }), {
      PublicationNotFoundProblem: () => new PublicationNotFound({ publication: id }),
      PublicationNotSkippableProblem: (problem) => new ServerError({ message: reasonOf(problem) })
    }),
  retryFailed: Effect.map(orServerError(publications.retryAll(), {}), ({ retried }) => retried),
  status: orServerError(system.status(), {})
})

type Calling = Pick<PublicationCalls, "publications" | "status">
type CallError = Effect.Error<PublicationCalls["status"]> | Effect.Error<ReturnType<PublicationCalls["publications"]>>

/** The server's outbox: `publish` waits until the server has published what is due, and counts from the mark on. */
export const remoteOutbox = (calls: Calling, mark: number): Outbox<CallError> => {
  let counted = { published: 0, failed: 0, gone: 0 }
  return {
    status: calls.status,
    publications: calls.publications,
    publish: Effect.gen(function* () {
      yield* untilIdle(calls.status)
      const before = counted
      counted = yield* countSince(calls, mark)
      return {
        published: counted.published - before.published,
        failed: counted.failed - before.failed,
        gone: counted.gone - before.gone
      }
    })
  }
}

/** Waits until nothing is due, publishing is not on, or the outbox has stood still for too long. */
const untilIdle = Effect.fnUntraced(function* (status: PublicationCalls["status"]) {
  let lastLeft = Number.NaN
  let changedAt = 0
  for (;;) {
    const { publications, publishing } = yield* status
    const now = yield* Clock.currentTimeMillis
    const left = publications.pending + publications.sending
    if (left !== lastLeft) changedAt = now
    lastLeft = left
    const isDue = publications.oldestDue !== null && publications.oldestDue.epochMilliseconds <= now
    const isIdle = publications.sending === 0 && !isDue
    if (publishing.state !== "on" || isIdle || now - changedAt > maxIdle) return
    yield* Effect.sleep(pollInterval)
  }
})

/** How many publications behind the mark have ended, by how they ended. */
const countSince = Effect.fnUntraced(function* ({ publications }: Calling, mark: number) {
  const counts = { published: 0, failed: 0, gone: 0 }
  for (let before: number = Number.MAX_SAFE_INTEGER; ; ) {
    const page = yield* publications({ before, limit: pageLimit })
    for (const { id, state } of page) if (id > mark && state in counts) counts[state as keyof typeof counts]++
    const last = page.at(-1)
    if (last === undefined || last.id <= mark || page.length < pageLimit) return counts
    before = last.id
  }
})
