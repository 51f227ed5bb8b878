/**
 * Decodes gists of GitHub's REST API to the form in which they are stored.
 *
 * Outside facts: https://docs.github.com/en/rest/gists/gists
 */
import { Effect, Option, Result, Schema } from "effect"
import { type Content, fileUrl, type ListedFile } from "../domain/GistFile.ts"
import { cut, storable, storableName } from "../domain/Text.ts"
import { type Answer, json } from "../net/exchange.ts"
import { fieldOf, reportField } from "../net/unreadable.ts"
import { fail, type GithubError, Unavailable, Unexpected } from "./errors.ts"

export const WireAccount = Schema.Struct({ id: Schema.Int, login: Schema.String })

/** Every property of a file is optional in GitHub's description. The map stays raw: a `Record` schema would lose a file called `__proto__`. */
const WireFile = Schema.Struct({
  language: Schema.optional(Schema.NullOr(Schema.String)),
  type: Schema.optional(Schema.NullOr(Schema.String)),
  raw_url: Schema.optional(Schema.NullOr(Schema.String)),
  size: Schema.optional(Schema.NullOr(Schema.Finite))
})
const WireContentFile = Schema.Struct({
  content: Schema.optional(Schema.NullOr(Schema.String)),
  encoding: Schema.optional(Schema.NullOr(Schema.String)),
  truncated: Schema.optional(Schema.NullOr(Schema.Boolean)),
  type: Schema.optional(Schema.Unknown),
  raw_url: Schema.optional(Schema.Unknown)
})
const FileMap = Schema.declare((u): u is Record<string, unknown> => typeof u === "object" && u !== null)
export const WireGist = Schema.Struct({
  public: Schema.optional(Schema.Unknown),
  description: Schema.optional(Schema.NullOr(Schema.String)),
  files: Schema.optional(FileMap),
  truncated: Schema.optional(Schema.Unknown),
  /** The gist that this one was forked from. Only the gist itself shows it, no list. */
  fork_of: Schema.optional(Schema.Unknown)
})
/** The address becomes a link in Pipedrive, by which the file is found there: no other scheme, and no character that HTML would change. */
export const PageUrl = Schema.String.check(
  Schema.makeFilter(
    (url) => /^https?:\/\/[A-Za-z0-9.:[\]-]+\/[\w./~%-]*$/.test(url) && URL.canParse(url) && url.length <= 300
  )
)
/** Gists have ids of 32 characters. The database's index of files would refuse one that is very long, and with it all others of a scan. */
export const GistId = Schema.String.check(Schema.isMaxLength(100))
const WireListedGist = Schema.Struct({
  id: GistId,
  html_url: PageUrl,
  description: Schema.optional(Schema.NullOr(Schema.String)),
  owner: Schema.optional(Schema.NullOr(WireAccount)),
  created_at: Schema.String,
  updated_at: Schema.String,
  files: FileMap,
  truncated: Schema.optional(Schema.Unknown)
})

/**
 * Whether a response says that the gist is public. The kind of list proves nothing: with the owner's token, a user's list
 * holds secret gists as well (recorded: https://github.com/hub4j/github-api, `GHGistTest/listGistFile`).
 */
export const isPublic = (gist: unknown): boolean =>
  typeof gist === "object" && gist !== null && "public" in gist && gist.public === true

const WireOwned = Schema.Struct({ owner: WireAccount })

/** The account that a list belongs to, by any of its gists, also one that is skipped. */
export const ownerOf = (gists: ReadonlyArray<unknown>): Option.Option<typeof WireAccount.Type> =>
  Option.map(Option.fromNullishOr(gists.find(Schema.is(WireOwned))), ({ owner: { id, login } }) => ({ id, login }))

const decodeGist = Schema.decodeUnknownEffect(WireListedGist)
/** A gist of a list. A field that cannot be read is logged once. */
export const decodeListedGist = (gist: unknown) =>
  Effect.tapError(decodeGist(gist), (error) => reportField("GitHub", fieldOf(error)))
const decodeFile = Schema.decodeUnknownOption(WireFile)
export const decodeContentFile = Schema.decodeUnknownEffect(WireContentFile)

/** The body of an answer. A body that was cut, or that is no such JSON, is a failure of GitHub and not of Gitpip. */
export const decode = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  answer: Answer
): Effect.Effect<S["Type"], GithubError> =>
  answer.cut
    ? fail(
        new Unexpected({ message: `GitHub's answer is longer than ${answer.body.byteLength} bytes`, isTooLong: true })
      )
    : Schema.decodeUnknownEffect(schema)(json(answer)).pipe(
        // A response that cannot be read came from a proxy or was cut: the same as no response.
        Effect.catch((error) =>
          Effect.andThen(
            reportField("GitHub", fieldOf(error)),
            fail(new Unavailable({ message: "GitHub's answer cannot be read" }))
          )
        )
      )

/** A gist's files, cut to what the database stores. Missing texts become `null`. */
export const listedFiles = (gist: typeof WireListedGist.Type): ReadonlyArray<ListedFile> =>
  Object.entries(gist.files).map(([name, raw]) => {
    const file = Option.getOrElse(decodeFile(raw), (): typeof WireFile.Type => ({}))
    const filename = storableName(name)
    return {
      gistId: storableName(gist.id),
      filename,
      htmlUrl: fileUrl(gist.html_url, filename),
      rawUrl: typeof file.raw_url === "string" ? storable(file.raw_url, 4_000) : null,
      description: typeof gist.description === "string" ? storable(gist.description, 2_000) : null,
      language: typeof file.language === "string" ? storable(file.language, 100) : null,
      type: typeof file.type === "string" ? storable(file.type, 100) : null,
      size: toSize(file.size),
      createdAt: timestamp(gist.created_at),
      updatedAt: timestamp(gist.updated_at)
    }
  })

/** A size in bytes that the database stores; 0 when GitHub names none. */
export const toSize = (size: number | null | undefined): number =>
  Math.min(Math.max(0, Math.trunc(size ?? 0)), Number.MAX_SAFE_INTEGER)

/** GitHub's timestamp, or the beginning of 1970 when the text is no timestamp, or of a year that a database would refuse. */
export const timestamp = (text: string): string => {
  const millis = Date.parse(text)
  return new Date(millis >= 0 && millis < Date.UTC(10_000, 0) ? millis : 0).toISOString()
}

/** What a gist's response holds of a file: nothing when the response leaves out a file that is not empty. */
export const toContent = (file: typeof WireContentFile.Type): Content | undefined => {
  const { content = "", encoding } = file
  // Files after one that is too large are cut as well, to nothing: https://github.com/cli/cli/issues/11739
  if (file.truncated === true && (content === "" || content === null)) return undefined
  if (encoding === "base64" || typeof file.content !== "string" || file.content.slice(0, 8_000).includes("\0")) {
    return { _tag: "Binary" }
  }
  const whole = file.content.length <= maxText
  return {
    _tag: "Text",
    // Copied: a part of a long string keeps the whole string in memory.
    text: whole ? file.content : Buffer.from(cut(file.content, maxText)).toString(),
    partial: !whole || file.truncated === true
  }
}

/** UTF-16 units: more than fits into a note of Pipedrive. */
const maxText = 128 * 1024

/**
 * The address of the next page, which may be relative to the present page's (RFC 8288, section 3.2). Addresses are followed
 * as given, never built, because GitHub changes them. Fails when there is an address that cannot be read.
 */
export const nextLink = (link: string | undefined, page: URL): Result.Result<Option.Option<URL>, string> => {
  for (const part of link?.split(/,(?=\s*<)/) ?? []) {
    const [, target, parameters] = /^\s*<([^>]*)>\s*;(.*)$/s.exec(part) ?? []
    const relations = /(?:^|;)\s*rel\s*=\s*(?:"([^"]*)"|([^\s;]+))/i.exec(parameters ?? "")
    const names = (relations?.[1] ?? relations?.[2] ?? "").toLowerCase().split(/\s+/)
    if (target === undefined || !names.includes("next")) continue
    return URL.canParse(target, page.href)
      ? Result.succeed(Option.some(new URL(target, page.href)))
      : Result.fail("GitHub's next page has an address that cannot be read")
  }
  return /\bnext\b/i.test(link ?? "") && !/<[^>]*>\s*;/.test(link ?? "")
    ? Result.fail("GitHub's next page has an address that cannot be read")
    : Result.succeed(Option.none())
}
