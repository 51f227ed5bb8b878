/** What the Pipedrive fake finds among items of several kinds. */
import { jsonReply, type Reply } from "../reply.ts"
import type { Company } from "./company.ts"
import { itemSearchQuery } from "./queries.ts"
import { invalid, type Query, type Request, withQuery } from "./requests.ts"
import type { Row } from "./state.ts"
import { organizationItem, personItem, searchItem } from "./wire.ts"

interface Searched {
  readonly is_deleted: boolean
  readonly custom_fields: Readonly<Record<string, unknown>>
}

export const searchItems = (company: Company, request: Request): Reply =>
  withQuery(request, itemSearchQuery, (query) => {
    const term = (query.term ?? "").toLowerCase()
    if (term.length < (query.exact_match === "true" ? 1 : 2)) return invalid(["term: String is too short"])
    const start = query.cursor === undefined ? 0 : Number(query.cursor)
    if (!Number.isSafeInteger(start) || start < 0) return invalid(["cursor: Invalid cursor"])
    const end = start + Number(query.limit ?? 100)
    const hits = hitsOf(company, query, term)
    return jsonReply(200, {
      success: true,
      data: { items: hits.slice(start, end), related_items: [] },
      additional_data: { next_cursor: end < hits.length ? `${end}` : null }
    })
  })

/** Deals, persons and organizations; the fake has no items of other kinds. `term` is lower case. */
const hitsOf = (company: Company, query: Query, term: string) => {
  const { deals, now, organizations, persons } = company
  const at = now()
  const types = query.item_types?.split(",")
  const fields = query.fields?.split(",")
  const isIn = (words: ReadonlyArray<string> | undefined, word: string) => words === undefined || words.includes(word)
  const matches = (text: unknown) =>
    typeof text === "string" &&
    (query.exact_match === "true" ? text.toLowerCase() === term : text.toLowerCase().includes(term))
  const found = <A extends Searched>(
    type: string,
    rows: ReadonlyArray<Row<A>>,
    fieldsOf: (value: A) => Readonly<Record<string, ReadonlyArray<unknown>>>
  ): ReadonlyArray<A> =>
    !isIn(types, type)
      ? []
      : rows
          .filter(({ searchableAt, value }) => searchableAt <= at && !value.is_deleted)
          .map(({ value }) => value)
          .filter((value) =>
            Object.entries({ ...fieldsOf(value), custom_fields: Object.values(value.custom_fields) }).some(
              ([field, values]) => isIn(fields, field) && values.some(matches)
            )
          )
  return [
    ...found("deal", deals.rows, ({ title }) => ({ title: [title] })).map((deal) => searchItem(deal, company)),
    ...found("person", persons.rows, ({ emails, name }) => ({
      name: [name],
      email: emails.map(({ value }) => value)
    })).map(personItem),
    ...found("organization", organizations.rows, ({ name }) => ({ name: [name] })).map(organizationItem)
  ]
}
