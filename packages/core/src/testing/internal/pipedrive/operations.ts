/** What the Pipedrive fake can be asked for, with the cost of each operation. */
import type { Reply } from "../reply.ts"
import { ACTIVITY_TYPES, changeActivity, createActivity, listActivities } from "./activities.ts"
import { type Company, readOne, remove } from "./company.ts"
import { changeDeal, createDeal, listDeals, searchDeals } from "./deals.ts"
import { searchItems } from "./items.ts"
import { createLead, listLeadLabels, listLeads, removeLead } from "./leads.ts"
import { createNote, listNotes } from "./notes.ts"
import { createOrganization, listOrganizations, searchOrganizations } from "./organizations.ts"
import { createPerson, listPersons, searchPersons } from "./persons.ts"
import { found, type Request } from "./requests.ts"
import {
  createPersonField,
  listActivityFields,
  listDealFields,
  listPersonFields,
  listPipelines,
  listStages,
  listUsers
} from "./setup.ts"
import { activityType, ME } from "./wire.ts"

interface Operation {
  /** In tokens of the day's budget (https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting). */
  readonly cost: number
  readonly run: (company: Company, request: Request) => Reply
}

/** By method and route. */
export const operations: Readonly<Record<string, Operation>> = {
  "POST /api/v2/activities": { cost: 5, run: createActivity },
  "GET /api/v2/activities": { cost: 10, run: listActivities },
  "GET /api/v2/activities/{id}": { cost: 1, run: ({ activities }, request) => readOne(activities, request) },
  "PATCH /api/v2/activities/{id}": { cost: 5, run: changeActivity },
  "DELETE /api/v2/activities/{id}": {
    cost: 3,
    run: (company, request) => remove(company, company.activities, request)
  },
  "POST /api/v2/deals": { cost: 5, run: createDeal },
  "GET /api/v2/deals": { cost: 10, run: listDeals },
  "GET /api/v2/deals/search": { cost: 20, run: searchDeals },
  "GET /api/v2/deals/{id}": { cost: 1, run: ({ deals }, request) => readOne(deals, request) },
  "PATCH /api/v2/deals/{id}": { cost: 5, run: changeDeal },
  "DELETE /api/v2/deals/{id}": { cost: 3, run: (company, request) => remove(company, company.deals, request) },
  "POST /api/v2/persons": { cost: 5, run: createPerson },
  "GET /api/v2/persons": { cost: 10, run: listPersons },
  "GET /api/v2/persons/search": { cost: 20, run: searchPersons },
  "GET /api/v2/persons/{id}": { cost: 1, run: ({ persons }, request) => readOne(persons, request) },
  "DELETE /api/v2/persons/{id}": { cost: 3, run: (company, request) => remove(company, company.persons, request) },
  "POST /api/v2/organizations": { cost: 5, run: createOrganization },
  "GET /api/v2/organizations": { cost: 10, run: listOrganizations },
  "GET /api/v2/organizations/search": { cost: 20, run: searchOrganizations },
  "GET /api/v2/organizations/{id}": { cost: 1, run: ({ organizations }, request) => readOne(organizations, request) },
  "DELETE /api/v2/organizations/{id}": {
    cost: 3,
    run: (company, request) => remove(company, company.organizations, request)
  },
  "GET /api/v2/itemSearch": { cost: 20, run: searchItems },
  "POST /api/v1/leads": { cost: 10, run: createLead },
  "GET /api/v1/leads": { cost: 20, run: listLeads({ isArchived: false }) },
  "GET /api/v1/leads/archived": { cost: 20, run: listLeads({ isArchived: true }) },
  "DELETE /api/v1/leads/{id}": { cost: 6, run: removeLead },
  "GET /api/v1/leadLabels": { cost: 20, run: listLeadLabels },
  "GET /api/v2/personFields": { cost: 10, run: listPersonFields },
  "POST /api/v2/personFields": { cost: 5, run: createPersonField },
  "GET /api/v2/pipelines": { cost: 10, run: listPipelines },
  "GET /api/v2/stages": { cost: 10, run: listStages },
  "GET /api/v2/dealFields": { cost: 10, run: listDealFields },
  "GET /api/v2/activityFields": { cost: 10, run: listActivityFields },
  "GET /api/v1/users": { cost: 20, run: listUsers },
  "GET /api/v1/activityTypes": { cost: 20, run: () => found(ACTIVITY_TYPES.map(activityType)) },
  "GET /api/v1/users/me": { cost: 2, run: ({ options }) => found({ ...ME, timezone_name: options.timeZone }) },
  "POST /api/v1/notes": { cost: 10, run: createNote },
  "GET /api/v1/notes": { cost: 20, run: listNotes }
}
