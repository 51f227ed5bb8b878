#!/usr/bin/env node
// Older versions of Node.js read this file too: they must not get as far as what they lack.
import { statSync } from "node:fs"

const [major, minor] = process.versions.node.split(".").map(Number)

const madeAt = (path) => {
  const found = statSync(new URL(path, import.meta.url), { throwIfNoEntry: false })
  return found === undefined ? 0 : found.mtimeMs
}

// In a checkout, `tsc --build` alone leaves an old bundle. An installed package has no `.tsbuildinfo`.
const compiledAt = () => Math.max(...["cli", "http", "core"].map((name) => madeAt(`../../${name}/dist/.tsbuildinfo`)))

if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`Gitpip needs Node.js 22.19 or newer; this is v${process.versions.node}. Update Node.js\n`)
  process.exitCode = 2
} else if (madeAt("../dist/bundle/gitpip.js") > compiledAt()) {
  await import("../dist/bundle/gitpip.js")
} else {
  await import("../dist/main.js")
}
