/** Kinds of settings: a secret, one of a few words, yes or no, a number or none. */
import { Config, Option, Redacted, Schema, SchemaTransformation } from "effect"
import { type HttpProxy, httpProxy, type ProxyVariable, parseProxy } from "../net/proxies.ts"
import type { SecretName } from "./secretFiles.ts"
import { Name, ProxyAddress, Token } from "./values.ts"

/** One setting: how its variable is read, and its row in `docs/settings.md`. */
export interface Definition<A> {
  readonly config: Config.Config<A>
  readonly fallback: string
  readonly meaning: string
  /** The required form of a value, where a schema's own message does not say it. */
  readonly takes?: string
}

export const define = <A>(definition: Definition<A>): Definition<A> => definition

/** A secret, or nothing when it is missing or blank. `Redacted` hides a secret in everything that is printed. */
export const optionalSecret = (name: SecretName, check: Schema.Codec<string, string> = Token) =>
  Config.option(Config.schema(check, name)).pipe(
    Config.map((value) =>
      value.pipe(
        Option.map((text) => text.trim()),
        // A blank API key must not become a key that every caller has.
        Option.filter((text) => text !== ""),
        Option.map((text) => Redacted.make(text))
      )
    )
  )

/** A variable that other programs read too, in lower case or in upper case. The lower case comes first, as in curl. */
export const eitherCase = <const Name extends string, A>(
  name: Name,
  read: (name: Name | Lowercase<Name>) => Config.Config<A>
): Config.Config<Option.Option<A>> => {
  const lowerCase = name.toLowerCase() as Lowercase<Name>
  return Config.map(Config.all([Config.option(read(lowerCase)), Config.option(read(name))]), ([lower, upper]) =>
    Option.orElse(lower, () => upper)
  )
}

/** A setting that is the address of a proxy, or nothing when it is missing or blank. */
export const proxyOf = (
  variable: ProxyVariable,
  options: { readonly meaning: string }
): Definition<Option.Option<HttpProxy>> => ({
  config: Config.map(
    eitherCase(variable, (name) =>
      Config.map(Config.schema(ProxyAddress, name), (text) =>
        Option.map(Option.getSuccess(parseProxy(text.trim())), (url) => httpProxy(name, url))
      )
    ),
    Option.flatten
  ),
  fallback: "none",
  meaning: options.meaning
})

/** A setting that is one of a few words. */
export const choice = <const Word extends string>(
  name: string,
  options: {
    readonly words: ReadonlyArray<Word>
    readonly fallback: NoInfer<Word>
    readonly meaning: string
    /** Words in upper or lower case count as well. */
    readonly anyCase?: boolean
  }
): Definition<Word> => ({
  config: Config.schema(wordOf(options), name).pipe(Config.withDefault(options.fallback)),
  takes: `must be ${orList(options.words)}`,
  fallback: options.fallback,
  meaning: options.meaning
})

const wordOf = <const Word extends string>(options: {
  readonly words: ReadonlyArray<Word>
  readonly anyCase?: boolean
}) => {
  const find = (text: string) => options.words.find((word) => word.toLowerCase() === text.trim().toLowerCase()) ?? text
  return Schema.String.pipe(
    Schema.decode(
      SchemaTransformation.transform({
        decode: (text) => (options.anyCase === true ? find(text) : text),
        encode: (text) => text
      })
    ),
    Schema.decodeTo(Schema.Literals(options.words))
  )
}

/** A setting that names one thing at Pipedrive, by its name or id. */
export const optionalName = (name: string, meaning: string): Definition<Option.Option<string>> => ({
  config: Config.option(Config.schema(Name, name)),
  fallback: "none",
  meaning
})

/** A setting that is `true` or `false`. */
export const yesOrNo = (
  name: string,
  options: { readonly fallback: boolean; readonly meaning: string }
): Definition<boolean> => ({
  config: Config.Boolean(name).pipe(Config.withDefault(options.fallback)),
  takes: `must be ${orList(["true", "false"])}`,
  fallback: String(options.fallback),
  meaning: options.meaning
})

/** A setting that is a number from 1 on, or `none` for no limit, which is read as infinite. */
export const limitOrNone = (
  name: string,
  options: {
    /** What is counted, in a message: `requests a minute`. */
    readonly of: string
    readonly fallback: number
    readonly meaning: string
  }
): Definition<number> => ({
  config: Config.schema(limit, name).pipe(Config.withDefault(options.fallback)),
  takes: `must be a number of ${options.of}, or \`none\``,
  fallback: String(options.fallback),
  meaning: options.meaning
})

const limit = Schema.String.check(Schema.isPattern(/^(none|[1-9]\d{0,8})$/)).pipe(
  Schema.decodeTo(
    Schema.Number,
    SchemaTransformation.transform({
      decode: (text) => (text === "none" ? Number.POSITIVE_INFINITY : Number(text)),
      encode: (value) => (value === Number.POSITIVE_INFINITY ? "none" : String(value))
    })
  )
)

export const orList = (words: ReadonlyArray<string>): string => {
  const quoted = words.map((word) => `\`${word}\``)
  return `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`
}
