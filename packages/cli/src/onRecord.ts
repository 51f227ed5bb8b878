/** Users who are not tracked any more: their files stay stored, so that "not tracked" must not pass for "nothing is stored". */
import type { Username } from "@gitpip/core"
import { Effect } from "effect"
import type { Calls } from "./Backend.ts"
import { Unsuccessful } from "./Failure.ts"
import { readRecords } from "./nameChecks.ts"

/** Answers for a user who was untracked that what was stored stays, and how to read it. */
export const orStored =
  (gitpip: Pick<Calls, "checkNames">, username: Username) =>
  <A, E extends { readonly _tag: string }>(call: Effect.Effect<A, E>) =>
    Effect.tapError(call, ({ _tag }) =>
      Effect.gen(function* () {
        if (_tag !== "UserNotTracked") return
        const records = yield* readRecords(gitpip, [username])
        if (records.get(username) !== "untracked") return
        return yield* new Unsuccessful({
          message: `${username} is no longer tracked, and what was stored stays. \`gitpip export\` writes it to a file, and \`gitpip forget ${username}\` erases it`
        })
      })
    )
