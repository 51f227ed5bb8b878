/**
 * `@electric-sql/pglite` for the single executable. PGlite reads files beside its module; here these files are assets of the
 * executable. `build.ts` has core import this module in the package's place.
 */
import { getRawAsset } from "node:sea"
import { PGlite as Original } from "@electric-sql/pglite"

const compile = (name: string) => WebAssembly.compile(getRawAsset(name) as ArrayBuffer)

export const PGlite = {
  create: async (directory: string) =>
    Original.create(directory, {
      fsBundle: new Blob([getRawAsset("pglite.data") as ArrayBuffer]),
      pgliteWasmModule: await compile("pglite.wasm"),
      initdbWasmModule: await compile("initdb.wasm")
    })
}
