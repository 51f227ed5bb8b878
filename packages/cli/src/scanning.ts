/** The progress of a scan. */
import type { ScanProgress, Status } from "@gitpip/core"
import type { Counted } from "./Progress.ts"
import { count } from "./Text.ts"

/** A scan's progress for people. The total is unknown until the status is. */
export const scanning = (
  { failed, files, users }: Omit<ScanProgress, "unchanged">,
  username: string | undefined,
  status: Status | undefined
): Counted => ({
  doing: username === undefined ? "Scanning" : `Scanning ${username}`,
  done: users,
  total: username === undefined ? status?.users : 1,
  unit: "user",
  facts: [
    count(files, "new file"),
    ...(failed === 0 ? [] : [`${failed.toLocaleString("en")} failed`]),
    ...budget(status)
  ]
})

const budget = (status: Status | undefined): ReadonlyArray<string> =>
  status === undefined || status.github.remaining === null
    ? []
    : [`${count(status.github.remaining, "GitHub request")} left this hour`]
