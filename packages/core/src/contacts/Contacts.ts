/**
 * Tracks the accounts of a source: the public members of an organization, followers, stargazers, persons in Pipedrive.
 *
 * Guarantees: a reading that is cut off, or that meets a limit, goes on where it was; no list tracks a user again whom
 * somebody untracked or forgot; a list takes at most half of GitHub's hour from checks and files.
 */
import { Context, DateTime, Effect, Layer, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import * as Names from "../detect/Names.ts"
import type { ContactPage, ContactState } from "../domain/Contact.ts"
import { partsOf, type Source } from "../domain/Source.ts"
import type { Username } from "../domain/User.ts"
import { Github } from "../github/Github.ts"
import type { Limits } from "../limits/Limits.ts"
import { Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import { Signals } from "../Signals.ts"
import { Changes } from "../status/Changes.ts"
import type { Listed } from "../store/Sources.ts"
import { Store } from "../store/Store.ts"
import { countOf, firstCost } from "./firstCost.ts"
import { type ListedPage, pageBefore, withMissed } from "./listed.ts"
import * as Reading from "./reading.ts"
import { notAsked, type SourceUnavailable } from "./SourceUnavailable.ts"

/** Names checked by one query. Single requests are few at a time, since a check of names waits some seconds at most. */
const maxNames = { query: 100, requests: 10 }

/** Reads sources of contacts, and tracks whom they name. */
export class Contacts extends Context.Service<
  Contacts,
  {
    /** A page of a source, from `next` of the page before on, with what tracking its contacts would cost. Stores nothing. */
    readonly list: (
      source: Source,
      next: string | null
    ) => Effect.Effect<ContactPage, SourceUnavailable | DatabaseError>
    /**
     * Tracks the contacts of the next page, from where the call before, of any process, left the source within a day. When that call
     * was more than a minute ago, the page before is read again, and its new accounts are answered too.
     */
    readonly trackNext: (source: Source) => Effect.Effect<ContactPage, SourceUnavailable | DatabaseError>
    /** A page as it stands at the source, for a reading whose position the caller keeps. */
    readonly read: Effect.Success<typeof Reading.make>
    /**
     * Tracks the contacts of a page that was read. When GitHub answers nothing about some new names, they are not tracked and the
     * call fails; with `unanswered: "track"` they are tracked like names that a person gives.
     */
    readonly trackPage: (
      source: Source,
      page: ListedPage,
      options?: { readonly unanswered?: "fail" | "track" }
    ) => Effect.Effect<ContactPage, SourceUnavailable | DatabaseError>
  }
>()("gitpip/Contacts") {
  static readonly layer: Layer.Layer<Contacts, never, Store | Github | Limits | Sink | Settings | Signals | Changes> =
    Layer.effect(
      Contacts,
      Effect.gen(function* () {
        const { sources } = yield* Store
        const signals = yield* Signals
        const changes = yield* Changes
        const read = yield* Reading.make
        const { costOf, statesOf } = yield* makeStates

        const trackPage: Contacts["Service"]["trackPage"] = Effect.fn("Contacts.trackPage")(function* (
          source,
          page,
          { unanswered = "fail" } = {}
        ) {
          const { states, unchecked: unasked } = yield* statesOf(page)
          const unchecked = unanswered === "track" ? [] : unasked
          const left = new Set(unchecked.map(({ name }) => name))
          const tracked = yield* sources.trackAll(
            page.listed.filter(({ login }, index) => states[index] === "new" && !left.has(login))
          )
          if (tracked.length > 0) yield* signals.singleScans.raise
          for (const login of tracked) yield* changes.report({ type: "user", login })
          // The page comes again, with those who are left.
          if (unchecked.length > 0) return yield* notAsked(unchecked, yield* DateTime.now)
          return shown(source, page, { states, first: null })
        })

        /** `pages`: that follow at once, with this one. */
        const readAt = (source: Source, next: string | null, pages = 1) =>
          read(source, { next, changedSince: null }, pages).pipe(
            // The position may have been the reason.
            Effect.tapError((error) =>
              error._tag === "SourceUnavailable" && error.retryAt === null ? sources.end(source) : Effect.void
            )
          )

        const readNext = Effect.fnUntraced(function* (source: Source) {
          const { hasWaited, next } = Option.getOrElse(yield* sources.position(source), () => ({
            next: null,
            hasWaited: false
          }))
          // Accounts that have left a list at GitHub meanwhile have moved the others to earlier pages.
          const before = hasWaited && partsOf(source).kind !== "pipedrive" ? pageBefore(next) : null
          if (before === null) return yield* readAt(source, next)
          const again = yield* readAt(source, before, 2)
          const page = yield* readAt(source, next)
          const states = yield* sources.states(again.listed)
          return withMissed(page, { ...again, listed: again.listed.filter((_, index) => states[index] === "new") })
        })

        return Contacts.of({
          read,
          trackPage,
          list: Effect.fn("Contacts.list")(function* (source, next) {
            const page = yield* read(source, { next, changedSince: null })
            const { states } = yield* statesOf(page)
            const fresh = page.listed.flatMap(({ login }, index) => (states[index] === "new" ? [login] : []))
            return shown(source, page, { states, first: yield* costOf(fresh) })
          }),
          trackNext: Effect.fn("Contacts.trackNext")(function* (source) {
            const page = yield* readNext(source)
            const answer = yield* trackPage(source, page)
            yield* page.next === null ? sources.end(source) : sources.goOn(source, page.next)
            return answer
          })
        })
      })
    )
}

const shown = (
  source: Source,
  { githubRequests, invalid, isCut, leftOut, listed, next, tokens }: ListedPage,
  { first, states }: { readonly states: ReadonlyArray<ContactState>; readonly first: ContactPage["first"] }
): ContactPage => ({
  source,
  contacts: listed.map(({ login, personId }, index) => ({
    login,
    personId: personId === 0 ? null : personId,
    state: states[index] ?? "new"
  })),
  leftOut,
  invalid,
  next,
  isCut,
  githubRequests,
  tokens,
  first
})

/** What is known of the contacts of a page, and what new ones cost. */
const makeStates = Effect.gen(function* () {
  const { sources } = yield* Store
  const github = yield* Github
  const { price } = yield* Sink
  const { backfill } = yield* Settings
  const checkNames = yield* Names.make

  const size = github.batched ? maxNames.query : maxNames.requests

  const checkAll = Effect.fnUntraced(function* (names: ReadonlyArray<Username>) {
    const checks = yield* Effect.forEach(
      Array.from({ length: Math.ceil(names.length / size) }, (_, n) => n * size),
      (from) => checkNames(names.slice(from, from + size))
    )
    return checks.flat()
  })

  /**
   * People type the names of persons: GitHub is asked about new ones. Misspelt names and organizations' names are left out,
   * and names that GitHub could not be asked about are answered beside the states.
   */
  const withUnknown = Effect.fnUntraced(function* (listed: ReadonlyArray<Listed>, states: ReadonlyArray<ContactState>) {
    const typed = listed.flatMap(({ login, personId }, index) =>
      states[index] === "new" && personId > 0 ? [login] : []
    )
    const checks = yield* checkAll(typed)
    const wrong = new Map(
      checks.flatMap(({ name, state }) => (state === "unknown" || state === "organization" ? [[name, state]] : []))
    )
    return {
      states: states.map((state, index): ContactState => {
        const login = listed[index]?.login
        return (login === undefined ? undefined : wrong.get(login)) ?? state
      }),
      unchecked: checks.filter(({ state }) => state === "unchecked")
    }
  })

  return {
    statesOf: Effect.fnUntraced(function* ({ listed }: ListedPage) {
      return yield* withUnknown(listed, yield* sources.states(listed))
    }),
    costOf: Effect.fnUntraced(function* (names: ReadonlyArray<Username>) {
      // Without queries, each name would cost as much as the first check.
      const checks = github.batched ? yield* checkAll(names) : undefined
      const counts = checks?.map((check) => countOf(check, backfill))
      return firstCost(names.length, { counts, price })
    })
  }
})
