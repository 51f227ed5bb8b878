#!/usr/bin/env node
// Older versions of Node.js read this file too: they must not get as far as what they lack.
const [major, minor] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`Gitpip needs Node.js 22.19 or newer; this is v${process.versions.node}. Update Node.js\n`)
  process.exitCode = 2
} else {
  await import("../dist/main.js")
}
