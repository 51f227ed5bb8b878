/** What an unsuccessful answer of GitHub or Pipedrive concerns. It decides who has to wait for the trouble's end. */
import { Schema } from "effect"

/**
 * - `thing`: the gist, file, list, activity or deal that was asked for; nobody else's.
 * - `user`: everything of one tracked user.
 * - `credential`: everything that is asked with the token.
 * - `host`: everything that one host serves, such as a host of raw content.
 * - `service`: everything of the service.
 */
export const Scope = Schema.Literals(["thing", "user", "credential", "host", "service"])
export type Scope = typeof Scope.Type

/** Whether things of other users have to wait as well. */
export const isGlobal = (scope: Scope): boolean => scope === "credential" || scope === "service"
