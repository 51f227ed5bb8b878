/**
 * Runs the command in the test's process: the same code from `execute` on, with its own environment, streams and working
 * directory. Signals, crashes and locks need `process.ts`.
 *
 * No command may print a secret of its environment, or a control character, see `process.ts`.
 */
import { Console as NodeConsole } from "node:console"
import { resolve } from "node:path"
import { Readable, Writable } from "node:stream"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Connections } from "@gitpip/core/testing"
import { ConfigProvider, Console, Context, Effect, Exit, Fiber, Layer, Path } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { execute } from "../src/Cli.ts"
import { Host } from "../src/Host.ts"
import {
  assertHarmless,
  assertNoTrace,
  type Ended,
  type Environment,
  endedOf,
  type Run,
  succeeding
} from "./process.ts"

export interface InProcess extends Environment {
  /** Replaces the connections to the services. */
  readonly connections?: ReturnType<typeof Connections.defaultValue>
}

interface RunningHere {
  /** Waits until stdout or stderr holds the text. Dies with the output when the command ends first. */
  readonly says: (text: string | RegExp) => Effect.Effect<void>
  /** Interrupts the command, as a signal does, and waits for its end. */
  readonly stop: Effect.Effect<Ended>
  readonly ended: Effect.Effect<Ended>
}

/** Starts a command line. It is interrupted when the scope closes. */
export const start = Effect.fnUntraced(function* (
  { connections, cwd, env }: InProcess,
  ...args: ReadonlyArray<string>
) {
  const said = { stdout: "", stderr: "" }
  const watchers = new Set<() => void>()
  const changed = () => {
    for (const watcher of watchers) watcher()
  }
  const stream = (name: keyof typeof said) =>
    new Writable({
      decodeStrings: false,
      write(text, _encoding, done) {
        said[name] += text
        changed()
        done()
      }
    })
  const [stdout, stderr] = [stream("stdout"), stream("stderr")]
  // The relative default would be a directory of the test run.
  const all = { ...env, GITPIP_DATA_DIR: resolve(cwd, env.GITPIP_DATA_DIR ?? "gitpip-data") }
  const context = Context.empty().pipe(
    Context.add(Host, { env: all, stdin: Readable.from([]), stdout, stderr }),
    Context.add(Console.Console, new NodeConsole(stdout, stderr)),
    Context.add(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: all })),
    Context.add(TerminalCapabilities.TerminalCapabilities, { canColor: false, canAnimate: false, canPrompt: false }),
    Context.add(Connections, connections ?? Connections.defaultValue())
  )
  // A separate fiber, without the clock and the layers of the test.
  const fiber = Effect.runForkWith(context)(
    execute(args, "1.2.3").pipe(Effect.provide(Layer.provideMerge(layerPath(cwd), NodeServices.layer)))
  )
  fiber.addObserver(changed)
  const ended = Effect.map(Fiber.await(fiber), (exit) => {
    if (Exit.isFailure(exit) && !Exit.hasInterrupts(exit)) throw new Error(`gitpip ${args.join(" ")}: ${exit.cause}`)
    return endedOf({ code: Exit.isSuccess(exit) ? exit.value : null, ...said })
  })
  yield* Effect.addFinalizer(() =>
    Effect.andThen(
      Fiber.interrupt(fiber),
      Effect.sync(() => assertHarmless(`gitpip ${args.join(" ")}`, said.stdout + said.stderr, env))
    )
  )
  const says = (text: string | RegExp) =>
    Effect.callback<void>((resume) => {
      const watcher = () => {
        const all = said.stdout + said.stderr
        if (typeof text === "string" ? all.includes(text) : text.test(all)) resume(Effect.void)
        else if (fiber.pollUnsafe() !== undefined)
          resume(Effect.die(new Error(`Ended without saying ${text}:\n${all}`)))
      }
      watchers.add(watcher)
      watcher()
      return Effect.sync(() => void watchers.delete(watcher))
    })
  return { ended, says, stop: Effect.andThen(Fiber.interrupt(fiber), ended) } satisfies RunningHere
})

/** Paths are relative to the command's working directory. */
const layerPath = (cwd: string) =>
  Layer.effect(
    Path.Path,
    Effect.map(Path.Path, (path) => Path.Path.of({ ...path, resolve: (...parts) => path.resolve(cwd, ...parts) }))
  )

/** Runs a command line to its end. It must not print a stack trace. */
export const run: Run<InProcess> = (environment, ...args) =>
  Effect.scoped(
    Effect.tap(
      Effect.flatMap(start(environment, ...args), ({ ended }) => ended),
      assertNoTrace(args)
    )
  )

/** The same, for a command line that is to succeed. */
export const done: Run<InProcess> = succeeding(run)
