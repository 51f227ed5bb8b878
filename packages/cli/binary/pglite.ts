/**
 * `@electric-sql/pglite` for the single executable. PGlite reads files beside its module; here these files are assets of the
 * executable. `build.ts` has core import this module in the package's place.
 */
import { getRawAsset } from "node:sea"
import { PGlite as Original, type PGliteOptions } from "@electric-sql/pglite"

const compile = (name: string) => WebAssembly.compile(getRawAsset(name) as ArrayBuffer)

export const PGlite = {
  defaultStartParams: Original.defaultStartParams,
  create: async (directory: string, options: PGliteOptions) =>
    Original.create(directory, {
      ...options,
      fsBundle: new Blob([getRawAsset("pglite.data") as ArrayBuffer]),
      pgliteWasmModule: await compile("pglite.wasm"),
      initdbWasmModule: await compile("initdb.wasm")
    })
}
