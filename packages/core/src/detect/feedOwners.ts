/** Finds the tracked users of the feed's gists, and has them checked. */
import { Effect, Metric, Option } from "effect"
import { fileIdentity } from "../domain/GistFile.ts"
import type { UserKey } from "../domain/User.ts"
import type { FeedGist } from "../github/Github.ts"
import type { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { Scanner } from "./Scanner.ts"

export const makeOwners = (
  services: Pick<Store["Service"], "checks" | "files"> & { readonly scanner: Scanner["Service"] }
) => {
  const { checks, files, scanner } = services

  /** Tracked users' gists with files that are not stored, each with its user. */
  const missing = Effect.fnUntraced(function* (gists: ReadonlyArray<FeedGist>) {
    const owned = gists.flatMap((gist) => Option.toArray(Option.map(gist.owner, (owner) => ({ gist, owner }))))
    if (owned.length === 0) return []
    const tracked = yield* checks.ofAccounts(owned.map(({ owner }) => owner))
    const keys = new Map<number | string, UserKey>(
      tracked.map(({ githubId, key, username }) => [githubId ?? username.toLowerCase(), key])
    )
    const theirs = owned.flatMap(({ gist, owner }) => {
      const key = keys.get(owner.id) ?? keys.get(owner.login.toLowerCase())
      return key === undefined ? [] : [{ gist, key }]
    })
    if (theirs.length === 0) return []
    const known = yield* files.known(theirs.map(({ gist }) => gist.gistId))
    return theirs.filter(({ gist }) => gist.filenames.some((name) => !known.has(fileIdentity(gist.gistId, name))))
  })

  /** Has the owners of these gists checked. Answers the gists that the check did not find; `None` when it was cut off. */
  const checkOwners = Effect.fnUntraced(function* (found: Effect.Success<ReturnType<typeof missing>>) {
    if (found.length === 0) return Option.some<ReadonlyArray<FeedGist>>([])
    const scan = yield* scanner.found([...new Set(found.map(({ key }) => key))])
    if (scan.state !== "done") return Option.none()
    yield* Metric.update(Telemetry.feedUsers, scan.users)
    const absent = yield* missing(found.map(({ gist }) => gist))
    return Option.some(absent.map(({ gist }) => gist))
  })

  return { checkOwners, missing }
}
