/** The combinations of the long runs: every pair of values, or with `MATRIX=whole` all; `MATRIX_PART=2/10` takes a tenth. */
import { all, type Case, pairs } from "./dimensions.ts"

export const longCases = (service: "github" | "pipedrive"): ReadonlyArray<Case> => {
  const cases = [...(process.env.MATRIX === "whole" ? all() : pairs())].filter(({ request }) =>
    request.startsWith(service)
  )
  const [part = 1, parts = 1] = (process.env.MATRIX_PART ?? "1/1").split("/").map(Number)
  return cases.filter((_, index) => index % parts === part - 1)
}
