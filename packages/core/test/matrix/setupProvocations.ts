/** How the lists come to be read that settings name things of. The files of all users wait for these lists. */
import type { RequestKind } from "./dimensions.ts"
import { addNews, is, type Provocation, personField } from "./stage.ts"

/** The lists are read before the first file is published, when the process starts. */
const reading = (
  route: string,
  env: Record<string, string>,
  pipedrive?: NonNullable<Provocation["options"]>["pipedrive"]
): Provocation => ({
  options: { env, ...(pipedrive === undefined ? {} : { pipedrive }) },
  atStart: true,
  provoke: addNews,
  matches: is("GET", route)
})

/** The names are those of the fake's new company. */
export const setupProvocations = {
  "pipedrive pipelines": reading("/api/v2/pipelines", { GITPIP_DEAL_PIPELINE: "Pipeline" }),
  "pipedrive stages": reading("/api/v2/stages", { GITPIP_DEAL_STAGE: "Contact Made" }),
  "pipedrive users": reading("/api/v1/users", { GITPIP_DEAL_OWNER: "Fake" }),
  "pipedrive deal fields": reading("/api/v2/dealFields", { GITPIP_DEAL_LABELS: "Hot" }),
  "pipedrive activity fields": reading("/api/v2/activityFields", { GITPIP_ACTIVITY_PRIORITY: "High" }),
  "pipedrive activity types": reading("/api/v1/activityTypes", { GITPIP_ACTIVITY_TYPE: "call" }),
  "pipedrive person fields": reading(
    "/api/v2/personFields",
    { GITPIP_PERSON_FIELD: personField.name },
    { setup: { personFields: [personField] } }
  ),
  "pipedrive lead labels": reading("/api/v1/leadLabels", { GITPIP_PUBLISH_AS: "lead", GITPIP_LEAD_LABELS: "Hot" })
} satisfies Partial<Record<RequestKind, Provocation>>
