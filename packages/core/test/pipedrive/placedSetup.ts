/** A company with pipelines, stages and users, and settings that name them. */
import type { PipedriveSetup } from "../../src/testing/index.ts"

export const setup: Partial<PipedriveSetup> = {
  pipelines: [
    { id: 1, name: "Sales" },
    { id: 2, name: "Developers" }
  ],
  stages: [
    { id: 11, name: "New", pipeline_id: 1 },
    { id: 21, name: "New", pipeline_id: 2 },
    { id: 22, name: "Talking", pipeline_id: 2 }
  ],
  users: [
    { id: 11, name: "Fake", email: "fake@example.com", active_flag: true },
    { id: 12, name: "Ann", email: "ann@example.com", active_flag: true },
    { id: 13, name: "Gone", email: "gone@example.com", active_flag: false }
  ]
}

export const env = {
  GITPIP_DEAL_TITLE: "GitHub: {login}",
  GITPIP_DEAL_PIPELINE: "developers",
  GITPIP_DEAL_STAGE: "Talking",
  GITPIP_DEAL_OWNER: "ann@example.com",
  GITPIP_DEAL_LABELS: "Hot, Cold",
  GITPIP_DEAL_VISIBILITY: "All users"
}
