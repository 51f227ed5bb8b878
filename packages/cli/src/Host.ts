/** What a command has from the process around it: its environment and its standard streams. */
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

/** By default the process itself. Another one runs a command beside others in one process. */
export const Host = Context.Reference<HostShape>("gitpip/cli/Host", { defaultValue: () => process })

/** Blots out the secrets of the host's environment. */
export const hide: Effect.Effect<(text: string) => string> = Effect.map(Host, ({ env }) => hiding(env))
