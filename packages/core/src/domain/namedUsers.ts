/** Sentences that name a user, and that are stored in rows which are not the user's own. */
import type { Username } from "./User.ts"

const nowCalledBy = "The account is now called "
const refusedBy = "answers 404 to everything, also to "

/** A rename that is refused: the row of another user holds the new name. */
export const nowCalled = (login: string): string => `${nowCalledBy}${login}`

/** GitHub knows nobody, for example not this user: stored with a scan and with a limit. */
export const refusesAlso = (login: string): string => `${refusedBy}${login}`

/**
 * Matches the user's name in these sentences, as a regular expression of PostgreSQL and of JavaScript; its first group is
 * the text before the name. The same word stays in other sentences, which may be names of other users.
 */
export const namePattern = (login: Username): string => `(${nowCalledBy}|${refusedBy})${login}(?![A-Za-z0-9_-])`
