/** docs/api.md is what the contract says. After a change of it: `npx vitest run --project unit api -u`. */
import { expect, it } from "@effect/vitest"
import { apiDocument } from "./api.ts"

it("describes every call, parameter, answer and field, and none that is not", async () => {
  await expect(apiDocument()).toMatchFileSnapshot("../api.md")
})
