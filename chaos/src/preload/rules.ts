/** Switches off the rules of the program that `CHAOS_RULES_OFF` names. */
import { registerHooks } from "node:module"

const rulesOff = (process.env.CHAOS_RULES_OFF ?? "").split(",").filter((rule) => rule !== "")

if (rulesOff.length > 0) {
  let isReplaced = false
  registerHooks({
    load: (url, context, next) => {
      if (!url.endsWith("/core/dist/domain/rules.js")) return next(url, context)
      isReplaced = true
      const { source } = next(url, context)
      const names = [...String(source).matchAll(/^export const (\w+)/gm)].map(([, name = ""]) => name)
      const unknown = rulesOff.filter((rule) => !names.includes(rule))
      if (unknown.length > 0) {
        process.stderr.write(`chaos: rules.ts has no rule ${unknown}\n`)
        process.exit(70)
      }
      return {
        format: "module",
        shortCircuit: true,
        source: names.map((name) => `export const ${name} = ${!rulesOff.includes(name)}`).join("\n")
      }
    }
  })
  process.on("exit", () => {
    if (!isReplaced) process.stderr.write("chaos: rules.js was never loaded\n")
  })
}
