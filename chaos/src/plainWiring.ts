/**
 * The way workflow tools do it, as a negative control: what is new is sent to Pipedrive and marked as done, either before
 * or after. A process of its own, to be killed. Arguments: `before` or `after`, and the file of marks.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs"

const [order, marks] = process.argv.slice(2) as ["before" | "after", string]
const { DEAL, GITHUB, PIPEDRIVE, TOKEN } = process.env

const gists = (await (await fetch(`${GITHUB}users/ann/gists?per_page=100`)).json()) as ReadonlyArray<{
  readonly files: Readonly<Record<string, unknown>>
}>
const done = new Set(existsSync(marks) ? readFileSync(marks, "utf8").split("\n") : [])
const mark = (file: string) => appendFileSync(marks, `${file}\n`)

for (const file of gists.flatMap(({ files }) => Object.keys(files)).sort()) {
  if (done.has(file)) continue
  if (order === "before") mark(file)
  await fetch(`${PIPEDRIVE}api/v2/activities`, {
    method: "POST",
    headers: { "x-api-token": TOKEN ?? "", "content-type": "application/json" },
    body: JSON.stringify({ subject: file, type: "task", deal_id: Number(DEAL) })
  })
  if (order === "after") mark(file)
}
