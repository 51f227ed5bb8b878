/** Reads a page of a source, within the limits of GitHub and of Pipedrive. */
import { Clock, DateTime, Effect, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { hasRoomForProfile } from "../detect/Profiles.ts"
import { partsOf, type Source } from "../domain/Source.ts"
import { type AccountList, Github, maxAccountPages } from "../github/Github.ts"
import { RequestedFor } from "../limits/evidence.ts"
import { Limits } from "../limits/Limits.ts"
import { Sink } from "../publish/Sink.ts"
import type { Position } from "../store/Sources.ts"
import { cutHere, type ListedPage, ofAccounts, ofPersons, pageNumber } from "./listed.ts"
import { ofGithub, ofSink, SourceUnavailable } from "./SourceUnavailable.ts"

const notBefore = (reason: SourceUnavailable["reason"], message: string) =>
  Effect.fail(new SourceUnavailable({ message, reason, retryAt: null }))

/** A limit that a list meets is no limit of other requests, unless others meet it too. */
const forSource = (source: Source) => Effect.provideService(RequestedFor, { user: source, thing: source })

/** Fails while GitHub's hour belongs to checks and files. */
const requireRoom = Effect.fnUntraced(function* (limits: Limits["Service"], pages: number) {
  yield* limits.restore(["github"])
  const state = yield* limits.requests
  const now = yield* Clock.currentTimeMillis
  if (hasRoomForProfile(state, now, pages)) return
  const until = DateTime.makeUnsafe(state.blockedUntil > now ? state.blockedUntil : (state.budget?.resetAt ?? now))
  return yield* new SourceUnavailable({
    message: `GitHub's limit leaves no room for lists until ${DateTime.formatIso(until)}`,
    reason: "service",
    retryAt: until
  })
})

export const make = Effect.gen(function* () {
  const github = yield* Github
  const limits = yield* Limits
  const sink = yield* Sink

  const accounts = Effect.fnUntraced(function* (list: AccountList, next: string | null, pages: number) {
    const page = pageNumber(next)
    if (page === undefined)
      return yield* notBefore("noSuchPage", `No page of the list begins at ${JSON.stringify(next)}`)
    yield* requireRoom(limits, pages)
    return yield* github.accounts(list, page).pipe(
      Effect.map((found) => ofAccounts(found, { page, maxPages: maxAccountPages })),
      Effect.catchReason("GithubError", "PaginationLimited", () => Effect.succeed(cutHere)),
      Effect.catchTag("GithubError", (error) =>
        Effect.flatMap(DateTime.now, (now) => Effect.fail(ofGithub(error, now)))
      )
    )
  })

  const persons = Effect.fnUntraced(function* ({ changedSince, next }: Pick<Position, "changedSince" | "next">) {
    if (Option.isSome(sink.off)) return yield* notBefore("notSetUp", `There is no list to read: ${sink.off.value}`)
    if (sink.contacts === undefined) {
      return yield* notBefore(
        "notSetUp",
        "Set GITPIP_PERSON_FIELD to the field of persons in Pipedrive that holds the GitHub username"
      )
    }
    yield* limits.restore(["sink"])
    return yield* sink.contacts({ next, changedSince }).pipe(
      Effect.map(ofPersons),
      Effect.catchTag("NoSuchPage", ({ message }) => notBefore("noSuchPage", message)),
      Effect.catchTag("SinkError", (error) => Effect.flatMap(DateTime.now, (now) => Effect.fail(ofSink(error, now))))
    )
  })

  /** The page that begins at a position. `pages`: that are read at once, for which GitHub's hour must have room. */
  return (
    source: Source,
    position: Pick<Position, "changedSince" | "next">,
    pages = 1
  ): Effect.Effect<ListedPage, SourceUnavailable | DatabaseError> => {
    const { kind, name } = partsOf(source)
    return forSource(source)(kind === "pipedrive" ? persons(position) : accounts({ kind, name }, position.next, pages))
  }
})
