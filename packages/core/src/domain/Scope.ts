/** The scope of a failure of GitHub or Pipedrive: which work waits until the failure ends. */
import { Schema } from "effect"

/**
 * - `thing`: the requested gist, file, list, activity or deal, and nothing else.
 * - `user`: everything of one tracked user.
 * - `credential`: every request with the token.
 * - `host`: every request to one host, such as the host of raw content.
 * - `service`: every request to the service.
 */
export const Scope = Schema.Literals(["thing", "user", "credential", "host", "service"])
export type Scope = typeof Scope.Type

/** Whether other users' work has to wait as well. */
export const isGlobal = (scope: Scope): boolean => scope === "credential" || scope === "service"
