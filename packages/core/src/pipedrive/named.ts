/** Finds one thing in a list of Pipedrive's by the name or id that a setting gives. Pure. */
import { Result } from "effect"
import { isUuid, nearest } from "../domain/Text.ts"

/** The id, or what is wrong with the setting. */
export type Found<Id = number> = Result.Result<Id, string>

interface Item<Id> {
  readonly id: Id
  readonly name: string
}

/** A setting that names one thing. */
interface Wanted<A> {
  readonly variable: string
  readonly text: string
  readonly items: ReadonlyArray<A> | undefined
  /** What there is several of: `pipelines`. */
  readonly many: string
  readonly one: string
  /** Other names of an item: a user's e-mail address. */
  readonly alias?: (item: A) => string | undefined
  /** Words that the setting takes beside items. */
  readonly words?: ReadonlyArray<string>
  /** Where an item belongs, when several have one name. */
  readonly within?: (item: A) => string
}

/** Whether two names are equal but for case and spaces around them. */
export const same = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase()

const findBy = <Id extends number | string, A extends Item<Id>>(
  id: Id | undefined,
  { alias, items, many, one, text, variable, within, words = [] }: Wanted<A>
): Found<Id> => {
  if (items === undefined) {
    return id === undefined
      ? Result.fail(`${variable}: Pipedrive does not show its ${many} to the token's user. Give the id of the ${one}`)
      : Result.succeed(id)
  }
  if (id !== undefined && items.some((item) => item.id === id)) return Result.succeed(id)
  const named = items.filter((item) => same(item.name, text) || same(alias?.(item) ?? "", text))
  const [first, ...others] = named
  if (first === undefined)
    return Result.fail(`${variable}: Pipedrive has no ${one} "${text}". ${choices(text, many, items)}${besides(words)}`)
  if (others.length === 0) return Result.succeed(first.id)
  const listed = named.map((item) => `${item.id}${within === undefined ? "" : ` in ${within(item)}`}`).join(", ")
  return Result.fail(`${variable}: Pipedrive has several ${many} "${text}". Give the id of one: ${listed}`)
}

/** Finds something whose id is a number. */
export const find = <A extends Item<number>>(wanted: Wanted<A>): Found =>
  findBy(/^\d{1,15}$/.test(wanted.text) ? Number(wanted.text) : undefined, wanted)

/** Finds something whose id is a UUID. */
export const findByUuid = <A extends Item<string>>(wanted: Wanted<A>): Found<string> =>
  findBy(isUuid(wanted.text) ? wanted.text.toLowerCase() : undefined, wanted)

const besides = (words: ReadonlyArray<string>): string =>
  words.length === 0 ? "" : `. Or set ${words.map((word) => `\`${word}\``).join(" or ")}`

/** More would fill the screen. */
export const maxListed = 30

const choices = (text: string, many: string, items: ReadonlyArray<Item<number | string>>): string => {
  if (items.length === 0) return `Pipedrive has no ${many}`
  const near = nearest(
    text.toLowerCase(),
    items.map(({ name }) => name),
    (name) => name.toLowerCase()
  )
  const listed = items.slice(0, maxListed).map(({ id, name }) => `${name} (${id})`)
  const more = items.length - listed.length
  return `${near === undefined ? "" : `Did you mean "${near}"? `}The ${many} are: ${listed.join(", ")}${more > 0 ? `, and ${more} more` : ""}`
}
