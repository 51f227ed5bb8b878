import { assert, it } from "@effect/vitest"
import { missingFault } from "../../src/settings/authorities.ts"

it.each([
  ["all certificates are loaded", ["a", "b"], ["a", "b", "c"], undefined],
  ["one of two cannot be read", ["a", "b"], ["a"], /^only 1 of the 2 certificates in the file "ca\.pem" could be read/],
  ["none is loaded", ["a"], [], /^no certificate came from the file "ca\.pem"\. Name a file/],
  ["it holds no certificate", [], ["a"], /^no certificate came from the file/]
] as const)("says what is wrong with a file of authorities when %s", (_, certificates, loaded, expected) => {
  const fault = missingFault("ca.pem", certificates, new Set<string>(loaded))
  if (expected === undefined) assert.isUndefined(fault)
  else assert.match(fault ?? "", expected)
})
