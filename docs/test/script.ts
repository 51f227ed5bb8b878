/** Makes one shell script of a document's blocks, as a reader would copy them one after the other. */
import type { Block } from "./documents.ts"

/** Commands that continuous integration runs elsewhere, each with the file and the text that run it. */
export const elsewhere: Readonly<Record<string, readonly [file: string, text: string]>> = {
  "npm ci && npm run demo": [".ci/run", "npm ci && npm run demo"],
  "npm ci && npm test": [".ci/run", "npm ci && npm test"],
  "npm install @gitpip/core effect@4.1.0": [".ci/packages.mjs", 'run("npm", ["install"'],
  "npm install @gitpip/http @gitpip/core effect@4.1.0": [".ci/packages.mjs", 'run("npm", ["install"'],
  "npm install --global @gitpip/cli": [".ci/packages.mjs", 'run("npm", ["install"'],
  "gitpip demo --exit": [".ci/run", "npm run demo -- --exit"],
  "npx node examples/03-promises.ts octocat": ["examples/test/examples.integration.test.ts", '"03-promises.ts"']
}

export interface Script {
  readonly text: string
  /** What each command of a `console` block is to print, by the file that its output goes to. */
  readonly outputs: ReadonlyArray<{ readonly file: string; readonly place: string; readonly expected: string }>
}

/**
 * `sh` blocks are commands alone; in `console` blocks, commands begin with `$ ` and what they print follows. What a reader
 * fills in (`TOKEN=…`) is taken from `fill`, and the port of the documents becomes one that is free.
 */
export const script = (blocks: ReadonlyArray<Block>, fill: Readonly<Record<string, string>>, port: number): Script => {
  const outputs: Array<Script["outputs"][number]> = []
  const adapt = (line: string, place: string) =>
    line
      .replace(/\b([A-Z][A-Z0-9_]*)=[^\s"']*…[^\s"']*/g, (_, name: string) => {
        if (!(name in fill)) throw new Error(`${place}: nobody knows what to fill in for ${name}`)
        return `${name}='${fill[name]}'`
      })
      .replaceAll("127.0.0.1:8080", `127.0.0.1:${port}`)
  const commands = ({ language, place, text }: Block): ReadonlyArray<string> => {
    if (language === "sh")
      return text.split("\n").map((line) => (line.replace(/\s+#.*$/, "") in elsewhere ? "" : adapt(line, place)))
    return text
      .split(/^\$ /m)
      .slice(1)
      .map((entry) => {
        const [line = "", ...expected] = entry.trimEnd().split("\n")
        const file = `output-${outputs.length}`
        outputs.push({ file, place: `${place}: ${line}`, expected: expected.join("\n") })
        return `{ ${adapt(line, place)}\n} > "$OUTPUTS/${file}" || true`
      })
  }
  const text = blocks.flatMap((block) => [`echo '== ${block.place}' >&2`, ...commands(block)]).join("\n")
  return { text, outputs }
}

/** Whether output is as a document says, where `…` stands for anything on a line, and a line of it for any lines. */
export const isAsShown = (expected: string, output: string): boolean => {
  const pattern = expected
    .split("\n")
    .map((line) =>
      line.trim() === "…"
        ? "(?:.*\\n)*?"
        : `${line
            .trimEnd()
            .split("…")
            .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
            .join(".*")}[ \\t]*\\n`
    )
    .join("")
  return new RegExp(`^${pattern}$`).test(`${output.trimEnd()}\n`)
}
