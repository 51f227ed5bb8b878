/** A command's environment and standard streams. */
import type { Readable } from "node:stream"
import { Context, Effect } from "effect"
import { hiding } from "./Secrets.ts"

/** A standard stream to write to. */
interface OutputStream {
  readonly isTTY?: boolean
  readonly columns?: number | undefined
  readonly write: (text: string) => unknown
}

export interface HostShape {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable
  readonly stdout: OutputStream
  readonly stderr: OutputStream
}

/** The process itself by default. A test provides another host to run several commands in one process. */
export const Host = Context.Reference<HostShape>("gitpip/cli/Host", { defaultValue: () => process })

/** The version of the program. */
export const Version = Context.Reference<string>("gitpip/cli/Version", { defaultValue: () => "unknown" })

/** Masks the secrets of the host's environment. */
export const hide: Effect.Effect<(text: string) => string> = Effect.map(Host, ({ env }) => hiding(env))
