/** docs/api.md is what the contract says. After a change of it: `npx vitest run --project unit api -u`. */
import { expect, it } from "@effect/vitest"
import { apiDocument } from "./api.ts"

it("docs/api.md describes every call, parameter, answer and field, and no others", async () => {
  await expect(apiDocument()).toMatchFileSnapshot("../api.md")
})
