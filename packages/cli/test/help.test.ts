import { assert, it } from "@effect/vitest"
import { readyText } from "../src/help.ts"

const ready = { texts: { "": "help of gitpip", track: "help of track" }, version: "1.2.3" }

const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, text: string | undefined]> = [
  [["--help"], "help of gitpip"],
  [["-h"], "help of gitpip"],
  [["track", "--help"], "help of track"],
  [["track", "-h"], "help of track"],
  [["--version"], "gitpip v1.2.3"],
  [["-v"], "gitpip v1.2.3"],
  [[], undefined],
  [["track"], undefined],
  [["nonsense", "--help"], undefined],
  [["track", "ann", "--help"], undefined],
  [["constructor", "--help"], undefined],
  [["--help", "--json"], undefined]
]

for (const [args, text] of cases) {
  it(`gitpip ${args.join(" ")} ${text === undefined ? "is left to the commands" : `prints "${text}"`}`, () => {
    assert.strictEqual(readyText(args, ready), text)
  })
}
