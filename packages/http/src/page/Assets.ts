/** The parts of the page: style, modules, and Preact. Read and compressed once, at the first request. */
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { brotliCompressSync, gzipSync } from "node:zlib"

/** A file of the page in each encoding that browsers accept. */
export interface Asset {
  readonly contentType: string
  readonly plain: Uint8Array
  readonly gzip: Uint8Array
  readonly br: Uint8Array
}

/** All files of the page by path, and the version in their addresses. */
export interface Assets {
  /** Of all parts together. */
  readonly version: string
  readonly files: ReadonlyMap<string, Asset>
}

/** Paths that are right from `src` and from `dist`. */
const compiled = fileURLToPath(new URL("../../dist/client/", import.meta.url))
const style = fileURLToPath(new URL("../client/page.css", import.meta.url))
const preact = (file: string) => {
  const root = dirname(createRequire(import.meta.url).resolve("preact/package.json"))
  return withoutMap(readFileSync(join(root, file), "utf8"))
}

const script = "text/javascript; charset=utf-8"

const read = (): Assets => {
  const modules = readdirSync(compiled).filter((file) => file.endsWith(".js"))
  const texts: ReadonlyArray<readonly [name: string, contentType: string, text: string]> = [
    ["page.css", "text/css; charset=utf-8", readFileSync(style, "utf8")],
    ["preact.js", script, preact("dist/preact.mjs")],
    ["jsx-runtime.js", script, preact("jsx-runtime/dist/jsxRuntime.mjs")],
    ...modules.sort().map((file) => [file, script, withoutMap(readFileSync(join(compiled, file), "utf8"))] as const)
  ]
  const hash = createHash("sha256")
  for (const [name, , text] of texts) hash.update(name).update("\0").update(text).update("\0")
  return {
    version: hash.digest("hex").slice(0, 16),
    files: new Map(
      texts.map(([name, contentType, text]) => {
        const plain = Buffer.from(text)
        return [name, { contentType, plain, gzip: gzipSync(plain, { level: 9 }), br: brotliCompressSync(plain) }]
      })
    )
  }
}

/** The map is not served. */
const withoutMap = (text: string): string => text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n")

let assets: Assets | undefined

export const load = (): Assets => {
  assets ??= read()
  return assets
}
