/** The commands' work done in this process, on the database of the settings. */
import { type Gitpip, Gitpip as GitpipService, type ScanDetails, type ScanProgress, type Status } from "@gitpip/core"
import { Clock, Effect, Layer } from "effect"
import { Backend } from "./Backend.ts"
import * as publishing from "./publishing.ts"
import { scanning } from "./scanning.ts"

/** In milliseconds, between two reads of what is left of the budgets: each read is some queries. */
const pause = 2_000

export const layer: Layer.Layer<Backend, never, Gitpip> = Layer.effect(
  Backend,
  Effect.map(GitpipService, (gitpip) =>
    Backend.of({
      ...gitpip,
      isServer: false,
      scan: Effect.fnUntraced(function* (usernames, progress) {
        // A misspelt name fails before anything begins.
        for (const username of usernames) yield* gitpip.user(username)
        const scans: Array<ScanDetails> = []
        for (const username of usernames.length === 0 ? [undefined] : usernames) {
          yield* progress.update(`Scanning ${username ?? "all users"}`)
          const status = yield* sampled(gitpip.status)
          const { id } = yield* gitpip.scan({
            username,
            onProgress: (how: ScanProgress) =>
              Effect.flatMap(status, (now) => progress.update(scanning(how, username, now)))
          })
          scans.push(yield* gitpip.scanDetails(id))
        }
        // A server reads profiles in the background. Without one, this is the time: new persons in Pipedrive bear names.
        yield* Effect.ignore(gitpip.refreshProfiles)
        const published = yield* publishing.publishAll(gitpip, progress)
        return { scans, publishing: published }
      })
    })
  )
)

/** A status that is at most `pause` old; the last known one when reading fails, since progress is no reason to fail. */
const sampled = (status: Gitpip["Service"]["status"]) =>
  Effect.sync(() => {
    let last: Status | undefined
    let at = Number.NEGATIVE_INFINITY
    return Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      if (now - at > pause) {
        at = now
        last = yield* Effect.orElseSucceed(status, () => last)
      }
      return last
    })
  })
