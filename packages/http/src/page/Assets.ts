/** The parts of the page: style, modules, and Preact. Read and compressed once, at the first request. */
import { createHash } from "node:crypto"
import { brotliCompressSync, gzipSync } from "node:zlib"
import { pageFiles } from "./pageFiles.ts"

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

const read = (): Assets => {
  const texts = pageFiles()
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

let assets: Assets | undefined

export const load = (): Assets => {
  assets ??= read()
  return assets
}
