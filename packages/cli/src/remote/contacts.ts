/** The calls about sources of contacts, answered by a running server. */
import { SourceUnavailable } from "@gitpip/core"
import type { SourceNotFoundProblem, SourceNotSetUpProblem, SourceProblem } from "@gitpip/http"
import { DateTime, Option } from "effect"
import type { Calls } from "../Backend.ts"
import type { Connection } from "./connection.ts"
import { reasonOf } from "./serverErrors.ts"

const handlers = {
  SourceNotFoundProblem: (problem: SourceNotFoundProblem) =>
    new SourceUnavailable({ message: reasonOf(problem), reason: "notFound", retryAt: null }),
  SourceNotSetUpProblem: (problem: SourceNotSetUpProblem) =>
    new SourceUnavailable({ message: reasonOf(problem), reason: "notSetUp", retryAt: null }),
  SourceProblem: (problem: SourceProblem) =>
    new SourceUnavailable({
      message: reasonOf(problem),
      reason: "service",
      retryAt: problem.retry_at === null ? null : Option.getOrNull(DateTime.make(problem.retry_at))
    })
}

export const contactCalls = ({
  client: { contacts },
  orServerError
}: Connection): Pick<Calls, "contacts" | "trackContacts"> => ({
  contacts: (source, next) =>
    orServerError(contacts.list({ query: next === undefined ? { source } : { source, next } }), handlers),
  trackContacts: (source) => orServerError(contacts.track({ query: { source } }), handlers)
})
