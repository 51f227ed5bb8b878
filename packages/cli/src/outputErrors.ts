/** Errors of stdout and stderr, which Node.js reports as events. */

interface OutputError {
  readonly code?: string | undefined
  readonly message: string
}

/** How the process ends after an error of stdout, or `undefined` when it goes on. */
export const endOf = (
  { code, message }: OutputError,
  { isTerminal }: { readonly isTerminal: boolean }
): { readonly code: number; readonly line: string | undefined } | undefined => {
  // A closed terminal. SIGHUP comes with it, and the process ends gracefully.
  if (code === "EIO" && isTerminal) return undefined
  // `gitpip users | head` closes the pipe early, which is not a failure.
  if (code === "EPIPE") return { code: 0, line: undefined }
  return { code: 1, line: `Gitpip cannot write its output: ${message}` }
}

/** Ends the process when its output cannot be written. */
export const endOnErrors = (): void => {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    const end = endOf(error, { isTerminal: process.stdout.isTTY })
    if (end === undefined) return
    if (end.line !== undefined) process.stderr.write(`${end.line}\n`)
    process.exit(end.code)
  })
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (endOf(error, { isTerminal: process.stderr.isTTY }) !== undefined) process.exit(1)
  })
}
