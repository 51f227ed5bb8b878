/** The plans that PostgreSQL carried out, from the log that auto_explain writes. */

/** Options of the server that make it log each plan. */
export const logged = [
  "shared_preload_libraries=auto_explain",
  "auto_explain.log_min_duration=0",
  "auto_explain.log_analyze=on",
  "auto_explain.log_timing=off",
  "auto_explain.log_nested_statements=on",
  "auto_explain.log_parameter_max_length=0",
  "auto_explain.log_format=json",
  "log_line_prefix=@@"
].flatMap((flag) => ["-c", flag])

/** A statement that does nothing: plans that the log has behind it belong to the operation. */
export const markOf = (operation: string): string => `select $mark$mark: ${operation}$mark$`

export interface Plan {
  readonly operation: string
  readonly text: string
  readonly scans: ReadonlyArray<Scan>
}

export interface Scan {
  readonly type: string
  readonly table: string
  readonly index: string | undefined
  readonly rows: number
}

type Node = Readonly<Record<string, unknown>> & { readonly Plans?: ReadonlyArray<Node> }

const scansOf = (node: Node): ReadonlyArray<Scan> => {
  const rows =
    (Number(node["Actual Rows"] ?? 0) + Number(node["Rows Removed by Filter"] ?? 0)) * Number(node["Actual Loops"] ?? 1)
  const own = String(node["Node Type"]).includes("Scan")
    ? [
        {
          type: String(node["Node Type"]),
          table: String(node["Relation Name"] ?? ""),
          index: node["Index Name"] as string | undefined,
          rows
        }
      ]
    : []
  return [...own, ...(node.Plans ?? []).flatMap(scansOf)]
}

/** The plans that were logged, each under the operation whose mark came before it. */
export const plansOf = (log: string): ReadonlyArray<Plan> => {
  const plans: Array<Plan> = []
  let operation = ""
  for (const entry of log.split("@@")) {
    if (!entry.includes("plan:")) continue
    const plan = JSON.parse(entry.slice(entry.indexOf("{"), entry.lastIndexOf("}") + 1))
    const text: string = String(plan["Query Text"] ?? "").replace(/\s+/g, " ")
    const mark = /^select \$mark\$mark: (.*)\$mark\$/.exec(text)
    if (mark !== null) operation = mark[1] ?? ""
    else if (operation !== "") plans.push({ operation, text, scans: scansOf(plan.Plan) })
  }
  return plans
}
