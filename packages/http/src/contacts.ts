/** The calls about sources of contacts. */
import { ContactPage, PastedSource } from "@gitpip/core"
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { SourceNotFoundProblem, SourceNotSetUpProblem, SourceProblem } from "./Problems.ts"

const source = {
  source: PastedSource.pipe(
    Schema.annotateKey({
      messageMissingKey: "is missing: `org:ORG`, `followers:USERNAME`, `stargazers:OWNER/REPO` or `pipedrive`"
    })
  )
}

const sourceProblems = [SourceNotFoundProblem, SourceNotSetUpProblem, SourceProblem] as const

const nextMessage = "must be the `next` of the page before"

/** The calls that list and track the accounts of a source. */
export class Contacts extends HttpApiGroup.make("contacts")
  .add(
    HttpApiEndpoint.get("list", "/contacts", {
      query: {
        ...source,
        next: Schema.optionalKey(
          Schema.String.annotate({
            description: "The `next` of the page before; without it the first page",
            message: nextMessage
          }).check(Schema.isMinLength(1, { message: nextMessage }), Schema.isMaxLength(2_000, { message: nextMessage }))
        )
      },
      success: ContactPage,
      error: sourceProblems
    }).annotateMerge(
      OpenApi.annotations({
        summary: "The accounts of a source, and what tracking them would cost",
        description:
          "A page of 100 accounts at GitHub, for one request, or of 500 persons in Pipedrive, for 10 tokens. Stores nothing. Half of GitHub's hour stays with checks and files; then this call answers 502 with `retry_at`. An unknown source answers 404, a source that the server's settings lack 422, and a `next` of no page 400."
      })
    ),
    HttpApiEndpoint.post("track", "/contacts", {
      query: source,
      success: ContactPage,
      error: sourceProblems
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Track the accounts of a source's next page",
        description:
          "Repeat the call until `next` is `null`. The server remembers the place for a day, so that a list goes on where it was. When the call before was more than a minute ago, the page before is read again, too, and its new accounts are in the answer. Contacts that are `new` in the answer are tracked now. Users whom somebody untracked or forgot are left out."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Contacts" })) {}
