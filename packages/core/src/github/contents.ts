/** Reads one gist with the contents of its files, and the files that the gist's own response leaves out. */
import { Effect, Option } from "effect"
import type { Content } from "../domain/GistFile.ts"
import { storable, storableName } from "../domain/Text.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { Api } from "./api.ts"
import { fail, NotPublic, Unavailable } from "./errors.ts"
import * as RawContent from "./rawContent.ts"
import { omitted } from "./rawHosts.ts"
import type { GistContents } from "./types.ts"
import { decode, decodeContentFile, isPublic, toContent, WireGist } from "./wire.ts"

/** A gist is only read whole when its files are small; escaped in JSON, that is at most this. */
const maxGistBytes = 32 * 1024 * 1024

const notShown = omitted("GitHub does not show it with the gist")

const readFiles = Effect.fnUntraced(function* (gist: typeof WireGist.Type) {
  const files = new Map<string, Content>()
  const types = new Map<string, string>()
  const rawUrls = new Map<string, string | null>()
  for (const [name, raw] of Object.entries(gist.files ?? {})) {
    const decoded = yield* Effect.option(decodeContentFile(raw))
    if (Option.isNone(decoded)) continue
    const { raw_url: rawUrl, type } = decoded.value
    const filename = storableName(name)
    const content = toContent(decoded.value)
    if (content !== undefined) files.set(filename, content)
    else rawUrls.set(filename, typeof rawUrl === "string" ? rawUrl : null)
    if (typeof type === "string") types.set(filename, storable(type, 100))
  }
  return { files, types, rawUrls }
})

/** Reads of one gist, and of the content of its files: from the gist itself, else from a host of raw content. */
export const make = (api: Api, apiUrl: string) => {
  const readRaw = RawContent.make(api.transport, apiUrl)
  return {
    contents: Effect.fnUntraced(function* (gistId: string) {
      const answer = yield* api.read(`${apiUrl}/gists/${encodeURIComponent(gistId)}`, {
        maxBytes: maxGistBytes,
        subject: { _tag: "Gist", id: gistId }
      })
      const gist = yield* decode(WireGist, answer)
      if (gist.public === false) {
        return yield* fail(new NotPublic({ message: "GitHub does not show the gist as public: it is secret now" }))
      }
      // Without that field nothing is published, and nothing is given up: the same as a response that cannot be read.
      if (!isPublic(gist)) {
        return yield* fail(
          new Unavailable({ message: "GitHub's answer cannot be read: it does not say whether the gist is public" })
        )
      }
      return {
        description: gist.description ?? null,
        ...(yield* readFiles(gist)),
        isFork: gist.fork_of != null,
        truncated: gist.truncated === true
      } satisfies GistContents
    }, Telemetry.inSpan("Github.contents")),
    raw: Effect.fn("Github.raw")(function* (rawUrl: string, maxBytes: number) {
      return yield* readRaw(rawUrl, maxBytes)
    }),
    contentOf: Effect.fnUntraced(function* (
      gist: GistContents,
      { filename, maxBytes }: { readonly filename: string; readonly maxBytes: number }
    ) {
      const content = gist.files.get(filename)
      if (content !== undefined) return Option.some(content)
      const rawUrl = gist.rawUrls.get(filename)
      if (rawUrl !== undefined) return Option.some(rawUrl === null ? notShown : yield* readRaw(rawUrl, maxBytes))
      return gist.truncated ? Option.some(notShown) : Option.none()
    }, Telemetry.inSpan("Github.contentOf"))
  }
}
