/** How the pauses that one process knows, its own and stored ones, are shown as one. Pure. */
import { DateTime } from "effect"

/** Nothing is sent before `until`. */
export interface Pause {
  readonly until: DateTime.Utc
  readonly message: string
}

/** A pause as every process on the database shows it. A refusal may be past its end: only a success ends it. */
export interface SharedPause extends Pause {
  /** Missing for a limit, of which only the end counts. */
  readonly since?: DateTime.Utc
}

interface Stored extends Pause {
  readonly since: DateTime.Utc
}

/** What a process knows of one service: its own pause, and what is stored for all processes. */
export interface Known {
  readonly own: Pause | undefined
  readonly limit: Stored | undefined
  readonly refusal: Stored | undefined
}

/** The pause that every process shows. A process's own pause is newer than a stored one, which knows the beginning. */
export const sharedPause = (services: ReadonlyArray<Known>): SharedPause | undefined => {
  const pauses = services.flatMap(({ limit, own, refusal }): ReadonlyArray<SharedPause> => {
    if (own !== undefined) {
      const { message, until } = own
      return [refusal === undefined ? { message, until } : { message, until, since: refusal.since }]
    }
    if (limit !== undefined) return [{ message: limit.message, until: limit.until }]
    return refusal === undefined ? [] : [refusal]
  })
  // Of two pauses the later end is when publishing goes on.
  return pauses.reduce<SharedPause | undefined>(
    (last, pause) => (last === undefined || DateTime.isGreaterThan(pause.until, last.until) ? pause : last),
    undefined
  )
}
