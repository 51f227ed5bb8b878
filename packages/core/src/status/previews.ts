/** Previews: what tracking a user would publish, and the beginning of a file's content. Neither stores anything. */
import { Cache, Duration, Effect, Exit, Match, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { skippedBy } from "../domain/FileRules.ts"
import { type Content, type FilePreview, fileIdentity } from "../domain/GistFile.ts"
import type { Preview } from "../domain/Preview.ts"
import type { Username } from "../domain/User.ts"
import { type RulesGiven, withGiven } from "../domain/UserRules.ts"
import { GistNotFound, type GistPage, Github, type GithubError, githubError } from "../github/Github.ts"
import { forecast, Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import type { FileNotFound } from "../store/GistFiles.ts"
import { Store } from "../store/Store.ts"

/** Characters of a file's preview: more is not read in passing. */
const previewLength = 32 * 1024

/** Pipedrive's tokens a day and seat of the smallest plan: https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting */
const smallestBudget = 30_000

/** Previews of a user, whose whole list is read from GitHub, and of a stored file. */
export const make: Effect.Effect<
  {
    readonly user: (username: Username, given?: RulesGiven) => Effect.Effect<Preview, GithubError | DatabaseError>
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
  const { backfill, files: rules } = yield* Settings
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

  return {
    user: Effect.fn("Gitpip.preview")(function* (username, given = {}) {
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
        const created = forecast(sink.price, backfill === "all" ? unknown : 0)
        return {
          login: Option.match(page.owner, { onNone: () => username as string, onSome: ({ login }) => login }),
          gists: gists.size,
          files: found,
          skipped,
          ...created,
          days: Math.round((created.tokens / smallestBudget) * 100) / 100,
          githubRequests: requests
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
