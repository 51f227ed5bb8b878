/**
 * Rules that keep files from loss and duplicates. The proofs in `chaos/` put another module in the place of this file, to show
 * what goes wrong without a rule. Hazard: these are constants, and nothing at run time may decide them.
 */

/** Runs a lookup before a request is repeated whose outcome is unknown. */
export const lookupBeforeResend: boolean = true

/** Commits new files together with their publications. */
export const filesAndOutboxInOneTransaction: boolean = true

/** Lets only the holder of a lease send, and deletes the activity of a late writer. */
export const fence: boolean = true
