import { assert, it } from "@effect/vitest"
import { targetFault } from "../src/Target.ts"

/** Each with a word of the reason. */
const refused = [
  ["/users/ann;x", "%3B"],
  ["/;", "%3B"],
  ["/users/ann;x?limit=1", "%3B"],
  ["http://localhost/users/ann;x", "%3B"],
  ["/users/ann\\x", "%5C"],
  ["/users/ann#x", "%23"],
  ["/users?limit=1#x", "%23"],
  ["http://localhost#/users/ann", "%23"],
  ["//users/ann", "empty"],
  ["/users//ann", "empty"],
  ["/users/ann/", "empty"],
  ["http://localhost//users", "empty"],
  ["//", "empty"],
  ["/./users", "`..`"],
  ["/users/..", "`..`"],
  ["/x/../users/ann", "`..`"],
  ["/x/%2e%2E/users/ann", "`..`"],
  ["/users/.%2e?x", "`..`"],
  ["http://localhost/x/../users/ann", "`..`"],
  ["/users/%", "%25"],
  ["/users/%4", "%25"],
  ["/users/%zz", "%25"],
  ["/users/%ff", "%25"],
  ["*", "begin"],
  ["*users/ann", "begin"],
  ["users/ann", "begin"],
  ["", "begin"],
  ["ftp://localhost/users/ann", "begin"],
  ["http:/users/ann", "begin"]
] as const

it("a target that two readers could understand as two addresses is refused, with what to send instead", () => {
  for (const [target, word] of refused) assert.include(targetFault("GET", target) ?? "", word, target)
})

it("a target with one meaning is accepted, whatever the values in it", () => {
  for (const target of [
    "/",
    "/?x=1",
    "/users",
    "/users/ann",
    "/users/ann.",
    "/users/...",
    "/users/.ann",
    "/users/a%2Fb",
    "/users/a%3Bb",
    "/users/a%00",
    "/users/%E2%82%AC",
    "/users/a+b",
    "/users/a:b@c",
    "/users?x=a;b",
    "/users?x=//",
    "/users?x=/../",
    "/users?x=%",
    "/users??",
    "http://localhost",
    "http://localhost/",
    "http://localhost?x=1",
    "HTTPS://localhost:80/users/ann"
  ]) {
    assert.isUndefined(targetFault("GET", target), target)
  }
  assert.isUndefined(targetFault("OPTIONS", "*"))
})
