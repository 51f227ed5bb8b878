/** Previews: what tracking a user would publish, and the beginning of a file's content. Neither stores anything. */
import { Cache, Duration, Effect, Exit, Match, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { skippedBy } from "../domain/FileRules.ts"
import { type Content, type FilePreview, fileIdentity } from "../domain/GistFile.ts"
import type { Preview } from "../domain/Preview.ts"
import { UserKey, type Username } from "../domain/User.ts"
import { type RulesGiven, withGiven } from "../domain/UserRules.ts"
import { GistNotFound, type GistPage, Github, type GithubError, githubError } from "../github/Github.ts"
import { type Forecast, forecast, Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import type { FileNotFound } from "../store/GistFiles.ts"
import { Store } from "../store/Store.ts"

/** Characters of a file's preview: more is not read in passing. */
const previewLength = 32 * 1024

/** Pipedrive's tokens a day and seat of the smallest plan: https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting */
const smallestBudget = 30_000

/** The rules of a preview, and what it shows beside the files. */
export interface PreviewOptions extends RulesGiven {
  /** Whom the first file would name: one request to GitHub more, and up to 65 of Pipedrive's tokens. */
  readonly contact?: boolean | undefined
}

/** Previews of a user, whose whole list is read from GitHub, and of a stored file. */
export const make: Effect.Effect<
  {
    readonly user: (username: Username, options?: PreviewOptions) => Effect.Effect<Preview, GithubError | DatabaseError>
    readonly file: (id: number) => Effect.Effect<FilePreview, FileNotFound | GithubError | DatabaseError>
    /** Drops the cached contents of files. */
    readonly clear: Effect.Effect<void>
  },
  never,
  Store | Github | Sink | Settings
> = Effect.gen(function* () {
  const { files, users } = yield* Store
  const github = yield* Github
  const sink = yield* Sink
  const { backfill, deal, files: rules } = yield* Settings
  const skips = skippedBy(rules)

  const readFile = Effect.fnUntraced(function* (id: number) {
    const { filename, gistId } = yield* files.find(id)
    const gist = yield* github.contents(gistId)
    const content = yield* github.contentOf(gist, { filename, maxBytes: previewLength })
    if (Option.isNone(content)) {
      return yield* githubError(new GistNotFound({ message: "The gist does not hold this file any more" }))
    }
    return shownOf(content.value)
  })
  // A caller who asks again after a failure wants to know whether the failure is over.
  const kept = yield* Cache.makeWith(readFile, {
    capacity: 64,
    timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.minutes(5) : Duration.zero)
  })

  /** Files of a page that are not stored, and were not published before their user was forgotten. */
  const unknownFiles = Effect.fnUntraced(function* (page: GistPage) {
    const stored = yield* files.known(page.files.map(({ gistId }) => gistId))
    const forgotten = yield* files.forgotten(page.files)
    return page.files.filter((file) => {
      const identity = fileIdentity(file.gistId, file.filename)
      return !stored.has(identity) && !forgotten.has(identity)
    })
  })

  /** Whether the user has a deal, which stays the user's own until somebody changes that. */
  const hasDeal = (username: Username) =>
    users.details(username).pipe(
      Effect.map(({ dealId, isDealChosen }) => dealId !== null && (isDealChosen || deal.closed === "keep")),
      Effect.catchTag("UserNotTracked", () => Effect.succeed(false))
    )

  /** Whom the first file would name. A user who is not tracked has no key. */
  const contactOf = Effect.fnUntraced(function* (username: Username, known: Forecast) {
    if (sink.contact === undefined) return null
    const userKey = yield* Effect.catchTag(users.key(username), "UserNotTracked", () => Effect.succeed(UserKey.make(0)))
    const page = Option.getOrThrow(yield* github.profile(username, Option.none()))
    const { tokens } = forecast(sink.price, 1, known)
    const contact = yield* Effect.catch(
      sink.contact({ userKey, username: page.account.login, profile: page.profile }),
      ({ message }) => Effect.succeed({ person: null, organization: null, message, waits: false })
    )
    return { ...contact, tokens }
  })

  return {
    user: Effect.fn("Gitpip.preview")(function* (username, { contact: isAsked = false, ...given } = {}) {
      const { by: findRule } = skips(withGiven(yield* users.rules(username), given))
      const gists = new Set<string>()
      let found = 0
      let unknown = 0
      let skipped = 0
      let page = Option.getOrThrow(yield* github.gists(username, Option.none()))
      for (let requests = 1; ; requests++) {
        for (const { gistId } of page.files) gists.add(gistId)
        found += page.files.length
        const missing = yield* unknownFiles(page)
        const left = missing.filter((file) => findRule(file) === undefined).length
        unknown += left
        skipped += missing.length - left
        if (Option.isSome(page.next)) {
          page = yield* github.page(page.next.value)
          continue
        }
        const known = { isDealKnown: yield* hasDeal(username) }
        const contact = isAsked ? yield* contactOf(username, known) : null
        const files = backfill === "all" ? unknown : 0
        const waiting = contact?.waits === true ? files : 0
        const created = forecast(sink.price, files - waiting, known)
        return {
          login: Option.match(page.owner, { onNone: () => username as string, onSome: ({ login }) => login }),
          gists: gists.size,
          files: found,
          skipped,
          ...created,
          waiting,
          days: Math.round((created.tokens / smallestBudget) * 100) / 100,
          contact,
          githubRequests: requests + (contact === null ? 0 : 1)
        }
      }
    }),
    file: (id) => Cache.get(kept, id),
    clear: Cache.invalidateAll(kept)
  }
})

/** The text of a content as far as a preview shows it. */
const shownOf = (content: Content): Pick<FilePreview, "partial" | "text"> =>
  Match.value(content).pipe(
    Match.tag("Text", ({ partial, text }) => ({
      text: text.slice(0, previewLength),
      partial: partial || text.length > previewLength
    })),
    Match.orElse(() => ({ text: null, partial: false }))
  )
