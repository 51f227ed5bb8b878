/** `npm run chaos -- --minutes 20 --seed 7`: runs until the time is over, and ends in a table of faults and outcomes. */
import { parseArgs } from "node:util"
import { type RunResult, run } from "./chaos.ts"
import { faultKinds } from "./faults/choice.ts"
import { isClean } from "./Oracle.ts"

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    database: { type: "string", default: "both" },
    servers: { type: "string" },
    /** A regular expression: faults whose names match. */
    only: { type: "string", default: "" },
    /** token+feed, token, feed, none, or all in turn. */
    mode: { type: "string", default: "all" },
    /** Faults that strike in one run. */
    faults: { type: "string", default: "100" }
  }
})

const numberOption = (
  name: "minutes" | "seed" | "faults" | "servers",
  { isWhole = true, min }: { readonly isWhole?: boolean; readonly min: number }
): number => {
  const value = Number(values[name])
  if (Number.isFinite(value) && value >= min && (!isWhole || Number.isInteger(value))) return value
  process.stderr.write(`--${name} must be a ${isWhole ? "whole " : ""}number from ${min} on, and is ${values[name]}\n`)
  process.exit(2)
}
const only = (() => {
  try {
    const pattern = new RegExp(values.only)
    if (faultKinds.some(({ name }) => pattern.test(name))) return pattern
  } catch {
    // Reported below.
  }
  process.stderr.write(`--only must be a regular expression that the name of a fault matches, and is ${values.only}\n`)
  process.exit(2)
})()
if (!["both", "postgres", "embedded"].includes(values.database)) {
  process.stderr.write(`--database must be postgres, embedded or both, and is ${values.database}\n`)
  process.exit(2)
}

const modes = [
  { name: "token+feed", token: true, feed: true },
  { name: "token", token: true, feed: false },
  { name: "feed", token: false, feed: true },
  { name: "none", token: false, feed: false }
]
if (![...modes.map(({ name }) => name), "all"].includes(values.mode)) {
  process.stderr.write(`--mode must be token+feed, token, feed, none or all, and is ${values.mode}\n`)
  process.exit(2)
}

const end = performance.now() + numberOption("minutes", { isWhole: false, min: 0.1 }) * 60_000
const firstSeed = numberOption("seed", { min: 0 })
const faultCount = numberOption("faults", { min: 1 })
const givenServers = values.servers === undefined ? undefined : numberOption("servers", { min: 1 })
/** Without `--servers`, by turns. */
const serverCounts = [1, 2, 5] as const
const results: Array<RunResult> = []
let broken = false

for (let n = 0; performance.now() < end; n++) {
  const embedded = values.database === "embedded" || (values.database === "both" && n % 4 === 3)
  const servers = embedded ? 1 : (givenServers ?? serverCounts[n % serverCounts.length] ?? 1)
  const seed = firstSeed + n
  const mode = modes[values.mode === "all" ? n % modes.length : modes.findIndex(({ name }) => name === values.mode)]
  const again = `--seed ${seed} --database ${embedded ? "embedded" : "postgres"} --servers ${servers} --mode ${mode?.name} --faults ${faultCount} --minutes 0.1${values.only === "" ? "" : ` --only '${values.only}'`}`
  process.stdout.write(
    `seed ${seed}: ${embedded ? "embedded" : "PostgreSQL"}, ${servers} server${servers === 1 ? "" : "s"}, ${mode?.name} … `
  )
  const result = await run({
    seed,
    database: embedded ? "embedded" : "postgres",
    servers,
    faultCount,
    mode,
    only
  })
  results.push(result)
  const { doubled, files, lost, misplaced, doubledDeals, visits } = result.verdict
  process.stdout.write(
    `${result.faultCount} faults, ${files} files, ${lost.length} lost, ${doubled.length} doubled, ${visits.length} wrong in visits\n`
  )
  if (!isClean(result.verdict) || result.dump !== "") {
    broken = true
    process.stdout.write(
      `${JSON.stringify({ lost, doubled, misplaced, doubledDeals, visits: visits.slice(0, 20), leaks: result.verdict.leaks }, null, 1)}\n${result.dump}\nTo repeat it: npm run chaos -- ${again}\n`
    )
    break
  }
}

const struck = new Map<string, number>()
for (const result of results) for (const [kind, n] of result.struck) struck.set(kind, (struck.get(kind) ?? 0) + n)
const sum = (of: (result: RunResult) => number) => results.reduce((total, result) => total + of(result), 0)
const line = (name: string, value: number) => `| ${name.padEnd(56)} | ${String(value).padStart(7)} |`

process.stdout.write(
  `\n${[
    `| ${"fault".padEnd(56)} | ${"struck".padStart(7)} |`,
    `|${"-".repeat(58)}|${"-".repeat(8)}:|`,
    ...[...struck].sort(([a], [b]) => a.localeCompare(b)).map(([name, n]) => line(name, n)),
    line(
      "faults in all",
      sum(({ faultCount }) => faultCount)
    ),
    line("runs", results.length),
    line(
      "files published on GitHub",
      sum(({ verdict }) => verdict.files)
    ),
    line(
      "lost",
      sum(({ verdict }) => verdict.lost.length)
    ),
    line(
      "doubled",
      sum(({ verdict }) => verdict.doubled.length)
    ),
    line(
      "deals doubled",
      sum(({ verdict }) => verdict.doubledDeals.length)
    ),
    line(
      "on another user's deal",
      sum(({ verdict }) => verdict.misplaced.length)
    ),
    line(
      "activities deleted again (late writers, audits)",
      sum(({ deletedDuplicates }) => deletedDuplicates)
    ),
    line(
      "publications that failed and were retried by hand",
      sum(({ retried }) => retried)
    ),
    line(
      "visits answered",
      sum(({ visits }) => visits)
    ),
    line(
      "visits without an answer, read again",
      sum(({ unanswered }) => unanswered)
    ),
    line(
      "files shown twice or never",
      sum(({ verdict }) => verdict.visits.length)
    ),
    line(
      "secrets in what servers said",
      sum(({ verdict }) => verdict.leaks.length)
    )
  ].join("\n")}\n`
)
process.exit(broken ? 1 : 0)
