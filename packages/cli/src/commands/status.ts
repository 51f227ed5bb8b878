import type { Status } from "@gitpip/core"
import { Duration, Effect } from "effect"
import { Command } from "effect/cli"
import * as Output from "../Output.ts"
import { during } from "../publishing.ts"
import type { Table } from "../Table.ts"
import { count, time } from "../Text.ts"
import { json, session } from "./shared.ts"

export const status = Command.make(
  "status",
  { json },
  Effect.fnUntraced(function* (typed) {
    const { core, withGitpip } = yield* session
    const status = yield* withGitpip((gitpip) => gitpip.status)
    yield* Output.result(status, { json: typed.json, schema: core.Status, show })
  })
).pipe(
  Command.withDescription("Show users, the last scan, pending and failed publications, and budgets"),
  Command.withShortDescription("Show the state of everything")
)

/** `Status` counts no further. */
const counted = (n: number): string => (n < 100_000 ? n.toLocaleString("en") : "100,000 or more")

const show = (status: Status): Table => ({ whole: true, rows: rowsOf(status) })

/** A label and a text for each fact that the status shows. */
export const rowsOf = ({
  github,
  lastScan,
  nextScanAt,
  publications,
  publishing,
  schedule,
  users
}: Status): Table["rows"] => [
  ["users", counted(users)],
  [
    "last scan",
    lastScan === null
      ? "none yet"
      : `${time(lastScan.finishedAt)}: ${count(lastScan.users, "user")}, ${lastScan.unchanged.toLocaleString("en")} unchanged, ${count(lastScan.files, "new file")}${lastScan.failed === 0 ? "" : `, ${lastScan.failed} failed`}`
  ],
  ...(lastScan?.message == null ? [] : [[lastScan.state, { text: lastScan.message, meaning: "bad" as const }]]),
  ["next scan", `${time(nextScanAt)} by a server, if one runs`],
  [
    "checks",
    `${schedule.checksNeeded.toLocaleString("en")} of ${schedule.checksAllowed.toLocaleString("en")} an hour, each user at least every ${Duration.format(Duration.seconds(schedule.maxInterval))}`
  ],
  ...schedule.shortages.map((shortage) => ["shortage", { text: shortage, meaning: "bad" as const }]),
  [
    "outbox",
    {
      text: `${counted(publications.pending)} pending, ${publications.sending} sending, ${counted(publications.failed)} failed${publications.failed === 0 ? "" : " (see gitpip retry)"}`,
      meaning: publications.failed === 0 ? undefined : "bad"
    }
  ],
  ...(publications.oldestDue === null ? [] : [["due", `since or at ${time(publications.oldestDue)}`]]),
  [
    "publishing",
    {
      text: `${publishing.state}${publishing.message === null ? "" : `: ${publishing.message}`}${during(publishing)}`,
      meaning: publishing.state === "on" ? "good" : "busy"
    }
  ],
  ...(publishing.tokensLeft === null ? [] : [["Pipedrive", `${count(publishing.tokensLeft, "token")} left today`]]),
  ...(github.blockedUntil === null
    ? []
    : [["GitHub", { text: `no request before ${time(github.blockedUntil)}`, meaning: "busy" as const }]]),
  ...(github.remaining === null
    ? []
    : [
        [
          "GitHub",
          `${count(github.remaining, "request")} left${github.resetAt === null ? "" : ` until ${time(github.resetAt)}`}`
        ]
      ]),
  ...(github.points === null
    ? []
    : [["GitHub's queries", `${count(github.points.remaining, "point")} left until ${time(github.points.resetAt)}`]])
]
