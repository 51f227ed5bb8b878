/** The program as npm installs it: version and help texts lie beside it. */
import { existsSync, readFileSync } from "node:fs"
import { start } from "./start.ts"

const readJson = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"))

void start(() => ({
  version: (readJson("../package.json") as { readonly version: string }).version,
  helpTexts: existsSync(new URL("helpTexts.json", import.meta.url))
    ? (readJson("helpTexts.json") as Readonly<Record<string, string>>)
    : {}
}))
