/** The calls about publications. */
import { Publication, PublicationDetails, PublicationState } from "@gitpip/core"
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { PublicationNotFailedProblem, PublicationNotFoundProblem, PublicationNotSkippableProblem } from "./Problems.ts"
import { idOf, page, paged } from "./parameters.ts"

/** The calls that show and retry publications. */
export class Publications extends HttpApiGroup.make("publications")
  .add(
    HttpApiEndpoint.get("list", "/publications", {
      query: {
        ...page,
        state: Schema.optionalKey(
          PublicationState.annotate({
            description: "Only those in this state",
            message: "must be `pending`, `sending`, `published`, `failed`, `gone` or `skipped`"
          })
        )
      },
      success: paged(Schema.Array(Publication))
    }).annotateMerge(OpenApi.annotations({ summary: "The outbox, newest first" })),
    HttpApiEndpoint.get("get", "/publications/:id", {
      params: { id: idOf("publication") },
      success: PublicationDetails,
      error: PublicationNotFoundProblem
    }).annotateMerge(OpenApi.annotations({ summary: "Why one file is or is not in Pipedrive" })),
    HttpApiEndpoint.post("retryAll", "/publications/retry", {
      success: Schema.Struct({ retried: Schema.Int.annotate({ description: "How many" }) })
    }).annotateMerge(OpenApi.annotations({ summary: "Try all failed publications again" })),
    HttpApiEndpoint.post("retry", "/publications/:id/retry", {
      params: { id: idOf("publication") },
      success: Publication,
      error: [PublicationNotFoundProblem, PublicationNotFailedProblem]
    }).annotateMerge(
      OpenApi.annotations({ summary: "Try a failed or gone publication again, or publish a skipped one" })
    ),
    HttpApiEndpoint.post("skip", "/publications/:id/skip", {
      params: { id: idOf("publication") },
      success: Publication,
      error: [PublicationNotFoundProblem, PublicationNotSkippableProblem]
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Leave a file out",
        description: "Only a pending or failed publication. It stays `skipped` until somebody retries it."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Publications" })) {}
