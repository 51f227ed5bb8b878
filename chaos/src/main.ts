/** `npm run chaos -- --minutes 20 --seed 7`: runs until the time is over, and ends in a table of faults and outcomes. */
import { parseArgs } from "node:util"
import { type RunResult, run } from "./chaos.ts"
import { kinds } from "./faults.ts"
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
    /** How many strike in one run. */
    faults: { type: "string", default: "100" }
  }
})

const number = (name: "minutes" | "seed" | "faults" | "servers", min: number): number => {
  const value = Number(values[name])
  if (Number.isFinite(value) && value >= min) return value
  process.stderr.write(`--${name} must be a number from ${min} on, and is ${values[name]}\n`)
  process.exit(2)
}
const only = (() => {
  try {
    const pattern = new RegExp(values.only)
    if (kinds.some(({ name }) => pattern.test(name))) return pattern
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

const end = performance.now() + number("minutes", 0.1) * 60_000
const first = number("seed", 0)
const faults = number("faults", 1)
const results: Array<RunResult> = []
let broken = false

for (let n = 0; performance.now() < end; n++) {
  const embedded = values.database === "embedded" || (values.database === "both" && n % 4 === 3)
  const servers = embedded
    ? 1
    : values.servers === undefined
      ? (([1, 2, 5] as const)[n % 3] as number)
      : number("servers", 1)
  const seed = first + n
  const mode = modes[values.mode === "all" ? n % modes.length : modes.findIndex(({ name }) => name === values.mode)]
  const again = `--seed ${seed} --database ${embedded ? "embedded" : "postgres"} --servers ${servers} --mode ${mode?.name} --faults ${faults} --minutes 0.1${values.only === "" ? "" : ` --only '${values.only}'`}`
  process.stdout.write(
    `seed ${seed}: ${embedded ? "embedded" : "PostgreSQL"}, ${servers} server${servers === 1 ? "" : "s"}, ${mode?.name} … `
  )
  const result = await run({
    seed,
    database: embedded ? "embedded" : "postgres",
    servers,
    faults,
    mode,
    only
  })
  results.push(result)
  const { doubled, files, lost, misplaced, twinDeals, visits } = result.verdict
  process.stdout.write(
    `${result.faults} faults, ${files} files, ${lost.length} lost, ${doubled.length} doubled, ${visits.length} wrong in visits\n`
  )
  if (!isClean(result.verdict) || result.dump !== "") {
    broken = true
    process.stdout.write(
      `${JSON.stringify({ lost, doubled, misplaced, twinDeals, visits: visits.slice(0, 20), leaks: result.verdict.leaks }, null, 1)}\n${result.dump}\nTo repeat it: npm run chaos -- ${again}\n`
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
      sum(({ faults }) => faults)
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
      "deals made twice",
      sum(({ verdict }) => verdict.twinDeals.length)
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
