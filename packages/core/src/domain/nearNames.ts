/** Names that a misspelt one may have been meant as. Pure. */
import { Schema } from "effect"
import { Username } from "./User.ts"

/** Characters that are taken for each other, in reading and on a keyboard. */
const lookalikes: ReadonlyArray<readonly [string, string]> = [
  ["0", "o"],
  ["1", "l"],
  ["1", "i"],
  ["l", "i"],
  ["5", "s"],
  ["rn", "m"],
  ["vv", "w"],
  ["ph", "f"],
  ["ck", "k"],
  ["c", "k"],
  ["y", "i"],
  ["z", "s"],
  ["ae", "a"],
  ["oe", "o"],
  ["ue", "u"]
]

const places = (name: string): ReadonlyArray<number> => [...name].map((_, index) => index)

const replaceAt = (
  name: string,
  { at, from, to }: { readonly at: number; readonly from: string; readonly to: string }
) => (name.startsWith(from, at) ? [name.slice(0, at) + to + name.slice(at + from.length)] : [])

/** The mistakes that a name may come from, the likeliest first. */
const mistakes: ReadonlyArray<(name: string) => ReadonlyArray<string>> = [
  // Accounts of GitHub have dashes, where other services have underscores, or nothing.
  (name) => [name.replaceAll("_", "-"), name.replaceAll(/[-_]/g, "")],
  (name) => [name.replace(/[-_]+$/, ""), name.replace(/^[-_]+/, ""), name.replace(/-?\d+$/, "")],
  // Two letters in the wrong order.
  (name) =>
    places(name)
      .slice(1)
      .map((at) => name.slice(0, at - 1) + name.charAt(at) + name.charAt(at - 1) + name.slice(at + 1)),
  // A letter too many.
  (name) => places(name).map((at) => name.slice(0, at) + name.slice(at + 1)),
  // A letter that stands twice.
  (name) => places(name).map((at) => name.slice(0, at) + name.charAt(at) + name.slice(at)),
  (name) =>
    lookalikes.flatMap(([one, other]) =>
      places(name).flatMap((at) => [
        ...replaceAt(name, { at, from: one, to: other }),
        ...replaceAt(name, { at, from: other, to: one })
      ])
    ),
  // A dash too few.
  (name) =>
    places(name)
      .slice(1)
      .map((at) => `${name.slice(0, at)}-${name.slice(at)}`)
]

const isUsername = Schema.is(Username)

/** At most `max` other names, in small letters, the likeliest first. */
export const variantsOf = (name: string, max: number): ReadonlyArray<Username> => {
  const small = name.toLowerCase()
  const found = new Set<Username>()
  for (const variant of mistakes.flatMap((mistake) => mistake(small))) {
    if (variant !== small && isUsername(variant)) found.add(variant)
  }
  return [...found].slice(0, max)
}

/** At most three of the accounts that exist: those with gists first, and else in the order of the variants. */
export const likeliest = (
  accounts: ReadonlyArray<{ readonly login: string; readonly gists: number }>
): ReadonlyArray<Username> =>
  [...accounts.filter(({ gists }) => gists > 0), ...accounts.filter(({ gists }) => gists === 0)]
    .map(({ login }) => login)
    .filter(isUsername)
    .slice(0, 3)
