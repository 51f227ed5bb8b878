import type { Scan, ScanDetails } from "@gitpip/core"
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import type { Report } from "../Backend.ts"
import { Unsuccessful } from "../Failure.ts"
import * as Input from "../Input.ts"
import * as Output from "../Output.ts"
import * as Progress from "../Progress.ts"
import type { Published } from "../publishing.ts"
import type { Table } from "../Table.ts"
import { count, sentence, time } from "../Text.ts"
import { json, session } from "./shared.ts"

export const scan = Command.make(
  "scan",
  {
    usernames: Argument.String("USERNAME").pipe(
      Argument.withDescription("Only these users. Default: all that are tracked"),
      Argument.variadic({ min: 0 })
    ),
    json
  },
  Effect.fnUntraced(function* (typed) {
    const { core, Report, withGitpip } = yield* session
    const { usernames } = yield* Input.all({
      usernames: Input.each(typed.usernames, (username) =>
        Input.text("USERNAME", core.Username, core.loginOf(username))
      )
    })
    const progress = yield* Progress.make
    const report = yield* withGitpip((gitpip) => Effect.ensuring(gitpip.scan(usernames, progress), progress.done))
    yield* Output.result(report, {
      json: typed.json,
      schema: Report,
      show: ({ publishing, scans }) => [...scans.flatMap(scanned), published(publishing)]
    })
    const wrong = problemsOf(report)
    if (wrong.length > 0) return yield* new Unsuccessful({ message: wrong.join("\n") })
  })
).pipe(
  Command.withDescription(
    "Scan once, then publish until nothing is left that is due within a minute. Exits with 1 if anything failed or is left unpublished"
  ),
  Command.withShortDescription("Scan once and publish what was found")
)

const scanned = ({ failures, scan }: ScanDetails): ReadonlyArray<string | Table> => [
  `${scan.login ?? "All users"}: ${count(scan.users, "user")} scanned, ${scan.unchanged.toLocaleString("en")} unchanged, ${count(scan.files, "new file")}${scan.failed === 0 ? "" : `, ${scan.failed} failed`}`,
  ...(failures.length === 0
    ? []
    : [
        {
          whole: true,
          rows: failures.map((failure) => [
            `  ${failure.login}`,
            `${sentence(failure.message)} Will be tried again at ${time(failure.retryAt)}`
          ])
        }
      ])
]

const published = ({ failed, gone, published, state }: Published): string =>
  state === "off"
    ? "Publishing is off"
    : `${count(published, "file")} published${failed === 0 ? "" : `, ${failed} not`}${gone === 0 ? "" : `, ${gone} deleted or made secret on GitHub before`}`

/** Why the command has not done everything. */
const problemsOf = ({ publishing, scans }: Report): ReadonlyArray<string> => [
  ...scans.flatMap(({ scan }, index) => (isRepeated(scans, index) ? [] : problemOfScan(scan))),
  ...(publishing.failed === 0
    ? []
    : [
        `${count(publishing.failed, "file")} could not be published: \`gitpip retry\` shows why and can try them again.`
      ]),
  ...(publishing.left === 0 || publishing.state === "off" ? [] : [leftUnpublished(publishing)])
]

/** Whether a scan was stopped by what had stopped one before. Later messages have words in front of the same reason. */
const isRepeated = (scans: Report["scans"], index: number): boolean => {
  const message = scans[index]?.scan.message
  return scans.slice(0, index).some(({ scan }) => scan.message !== null && message?.endsWith(scan.message) === true)
}

const problemOfScan = (scan: Scan): ReadonlyArray<string> => {
  if (scan.state === "done")
    return scan.failed === 0 ? [] : [`${count(scan.failed, "user")} could not be scanned; the next scan tries again.`]
  const resume = scan.resumeAt === null ? "Run the command again" : `Run the command again after ${time(scan.resumeAt)}`
  return [
    `The scan was ${scan.state}: ${sentence(scan.message ?? "no reason is known")} ${resume}; the scan continues where it stopped.`
  ]
}

const leftUnpublished = ({ dueAt, left, message }: Published): string => {
  const [are, they] = left === 1 ? ["is", "It is"] : ["are", "They are"]
  const files = sentence(`${count(left, "file")} ${are} left unpublished${message === null ? "" : `: ${message}`}`)
  return dueAt === null
    ? `${files} Run \`gitpip scan\` again, or \`gitpip serve\`.`
    : `${files} ${they} due from ${time(dueAt)} on. Run \`gitpip scan\` again after that, or \`gitpip serve\`.`
}
