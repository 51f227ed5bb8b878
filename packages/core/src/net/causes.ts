/** Reads what lies behind an error: drivers and `fetch` wrap the error that says why. */

/** An error and the errors behind it, the outermost first. An error that is its own cause comes once. */
export const causes = function* (error: unknown): Generator<object> {
  const seen = new Set<unknown>()
  let current = error
  while (typeof current === "object" && current !== null && !seen.has(current)) {
    seen.add(current)
    yield current
    // `fetch` wraps the socket's error in a TypeError; Effect holds the driver's error as a reason.
    current = "cause" in current ? current.cause : "reason" in current ? current.reason : undefined
  }
}

/** The outermost code behind an error: Node's (`ECONNREFUSED`) or PostgreSQL's (`3D000`). */
export const codeOf = (error: unknown): string | undefined => {
  for (const cause of causes(error)) if ("code" in cause && typeof cause.code === "string") return cause.code
  return undefined
}

/** All codes behind an error. */
export const codesOf = (error: unknown): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (const cause of causes(error)) {
    if ("code" in cause && typeof cause.code === "string") found.push(cause.code)
    // Happy eyeballs wraps several in an AggregateError.
    if (cause instanceof AggregateError) found.push(...cause.errors.flatMap(codesOf))
  }
  return found
}

/** The innermost message behind an error. The outer ones only say that something failed. */
export const innermostMessage = (error: unknown): string | undefined => {
  let message: string | undefined
  for (const cause of causes(error)) {
    if ("message" in cause && typeof cause.message === "string" && cause.message !== "") message = cause.message
  }
  return message
}
