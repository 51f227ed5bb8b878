/**
 * Prints the sizes of files and functions, and how often each retired word is left: `npm run shape`.
 * `--words` lists the line of each retired word, `--functions` each function that is too long or takes too many
 * arguments, `--tags` each comparison of a `_tag`.
 */
import { execFileSync } from "node:child_process"
import { lstatSync, readFileSync } from "node:fs"
import { parseAst } from "rolldown/parseAst"

// `npm run shape | head` closes the pipe early, which is not a failure.
process.stdout.on("error", (error) => process.exit(error.code === "EPIPE" ? 0 : 1))

/** Words that Gitpip no longer uses, by the word that replaces each. */
const retired = {
  "look (check, lookup, visit)": /\b(looks?|looked|looking|looker)\b/gi,
  "door (limit)": /\bdoors?\b/gi,
  "gate (throttle)": /\bgates?\b/gi,
  "neighbours (shared quota)": /\bneighbours?\b/gi,
  "put off, set back (retry, snooze, release)":
    /\bputs? off\b|\bputting off\b|putOff|setBack|set_?back|postpon|waitOut|handBack/gi,
  "front (queue head)": /where the queue stands|at the front/gi,
  // `channel_binding` is a parameter of libpq.
  "binding (enforcedBy)": /(?<!channel.)\bbinding\b/g,
  "everybody's (global)": /everybody's|concernsEverybody/gi,
  "stamp (fingerprint)": /\bstamps?\b/gi,
  "walk (full listing)": /\bwalk(s|ed|ing)?\b|toTheEnd/gi,
  "tell (report)": /\b(told|tells?|telling)\b/gi,
  "recall (restore)": /\brecall(s|ed)?\b/gi,
  // `sql.reserve` is the name of Effect's function.
  "spare, withheld, reserve (backlog hold)": /\b(spare|withheld|(?<![."])reserve)\b/gi,
  "receipt, retract (remote id, duplicate)": /\breceipts?\b|retract/gi,
  "stand-in, misbehave (fake, injectFault)": /stand-?ins?\b|misbehav/gi,
  "most…, least…, longest… (max…, min…)": /\b(most|least|longest|farthest|shortest)[A-Z]\w*/g,
  "mend, remedy (fix)": /\bmend(s|ed|ing)?\b|\bremed(y|ies)/gi,
  "whoever, anew, in vain, for want of, once more": /\bwhoever\b|\banew\b|\bin vain\b|\bfor want of\b|\bonce more\b/gi
}

/** Released migrations, old schemas and the history of changes keep their words. */
const isHistory =
  /^CHANGELOG|^\.changeset\/|migrations\/000[1-8]|test\/database\/schemas\/|^\.ci\/shape|package-lock|openapi\.json$|\.(svg|png)$|^LICENSE|\/LICENSE$/
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
  .split("\n")
  .filter((file) => file !== "" && !isHistory.test(file) && lstatSync(file).isFile())

const isSource = (file) => /^packages\/\w+\/src\/.*\.tsx?$/.test(file) || /^chaos\/src\/.*\.ts$/.test(file)
const sources = files.filter(isSource).map((path) => ({ path, text: readFileSync(path, "utf8") }))
const linesOf = (text) => text.trimEnd().split("\n").length

/** Calls `visit` with each function of a syntax tree. */
const functionsOf = (node, visit) => {
  if (node === null || typeof node !== "object") return
  if (Array.isArray(node)) {
    for (const one of node) functionsOf(one, visit)
    return
  }
  if (/^(ArrowFunctionExpression|FunctionExpression|FunctionDeclaration)$/.test(node.type ?? "")) visit(node)
  for (const value of Object.values(node)) functionsOf(value, visit)
}

const functions = sources.flatMap(({ path, text }) => {
  const found = []
  functionsOf(parseAst(text, { lang: path.endsWith("x") ? "tsx" : "ts" }), ({ end, params, start }) =>
    found.push({
      at: `${path}:${linesOf(text.slice(0, start + 1))}`,
      lines: linesOf(text.slice(start, end)),
      params: (params.items ?? params).length
    })
  )
  return found
})

const sizes = sources.map(({ path, text }) => ({ path, lines: linesOf(text) })).sort((a, b) => a.lines - b.lines)
const at = (share) => sizes[Math.min(Math.floor(sizes.length * share), sizes.length - 1)]
const longest = functions.toSorted((a, b) => b.lines - a.lines)[0]
const row = (...cells) => process.stdout.write(`| ${cells.join(" | ")} |\n`)

row("Shape", "")
row("---", "---:")
row("source files", sizes.length)
row(
  "lines of source",
  sizes.reduce((sum, { lines }) => sum + lines, 0)
)
row("median file", `${at(0.5).lines} lines`)
row("90 % of files", `≤ ${at(0.9).lines} lines`)
row("longest file", `${at(1).lines} lines (${at(1).path})`)
row("files over 350 lines", sizes.filter(({ lines }) => lines > 350).length)
row("longest function", `${longest.lines} lines (${longest.at})`)
row("functions over 60 lines", functions.filter(({ lines }) => lines > 60).length)
row("functions with more than 3 positional arguments", functions.filter(({ params }) => params > 3).length)
row(
  "`_tag ===`",
  sources.reduce((sum, { text }) => sum + (text.match(/_tag (===|!==)/g) ?? []).length, 0)
)

const list = (flag, places) => {
  if (process.argv.includes(flag)) for (const place of places) process.stdout.write(`    ${place}\n`)
}
list(
  "--functions",
  functions
    .filter(({ lines, params }) => lines > 60 || params > 3)
    .toSorted((a, b) => b.lines - a.lines)
    .map(({ at, lines, params }) => `${at}: ${lines} lines, ${params} arguments`)
)
list(
  "--tags",
  sources.flatMap(({ path, text }) =>
    text
      .split("\n")
      .flatMap((line, index) => (/_tag (===|!==)/.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []))
  )
)

process.stdout.write("\n")
row("Retired word", "left")
row("---", "---:")
const texts = files.map((path) => ({ path, text: readFileSync(path, "utf8") }))
let left = 0
for (const [word, pattern] of Object.entries(retired)) {
  const places = texts.flatMap(({ path, text }) =>
    text
      .split("\n")
      .flatMap((line, index) => [...line.matchAll(pattern)].map(() => `${path}:${index + 1}: ${line.trim()}`))
  )
  left += places.length
  row(word, places.length)
  list("--words", places)
}
row("together", left)
