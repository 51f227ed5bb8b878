/** The tree of commands, and how an outcome becomes a message and an exit code. */
import { Cause, Effect, Layer, Match } from "effect"
import { CliConfig, CliOutput, Command, Flag, GlobalFlag } from "effect/cli"
import { demo } from "./commands/demo.ts"
import { doctor } from "./commands/doctor.ts"
import { exportState } from "./commands/export.ts"
import { forget } from "./commands/forget.ts"
import { history } from "./commands/history.ts"
import { importState } from "./commands/import.ts"
import { latest } from "./commands/latest.ts"
import { migrate } from "./commands/migrate.ts"
import { retry } from "./commands/retry.ts"
import { scan } from "./commands/scan.ts"
import { serve } from "./commands/serve.ts"
import { skip } from "./commands/skip.ts"
import { status } from "./commands/status.ts"
import { track } from "./commands/track.ts"
import { untrack } from "./commands/untrack.ts"
import { users } from "./commands/users.ts"
import { exitCode, failureOf, textOf } from "./Failure.ts"
import { hide, Version } from "./Host.ts"
import * as Output from "./Output.ts"
import * as SettingsFile from "./settingsFile.ts"
import { plainLines } from "./Text.ts"

/** For the help and for completions. `process.ts` reads the files, before the commands are parsed. */
const settingsFile = GlobalFlag.Setting(SettingsFile.name)({
  flag: Flag.Path(SettingsFile.name).pipe(
    Flag.withMetavar("FILE"),
    Flag.optional,
    Flag.withDescription("Read settings from a file with a NAME=value on each line; the environment comes first")
  )
})

export const gitpip = Command.make("gitpip").pipe(
  Command.withDescription(
    "Put every new public gist file of the GitHub users you track into Pipedrive, and ask what is new. Settings come from the environment; try `gitpip demo` first"
  ),
  Command.withSubcommands([
    serve,
    track,
    untrack,
    forget,
    users,
    scan,
    latest,
    history,
    retry,
    skip,
    status,
    doctor,
    migrate,
    exportState,
    importState,
    demo
  ]),
  Command.withGlobalFlags([settingsFile])
)

/** Runs one command line, prints what went wrong, and succeeds with the exit code. */
export const execute = (args: ReadonlyArray<string>, version: string) =>
  Command.runWith(gitpip, { version })(args).pipe(
    Effect.as(exitCode.done as number),
    Effect.catchCause((cause) => {
      if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>)
      return Effect.flatMap(hide, (hide) => {
        const failure = failureOf(cause, hide)
        return Effect.as(failure.message === "" ? Effect.void : Output.message(textOf(failure)), failure.code)
      })
    }),
    Effect.provide(layerOutput),
    Effect.provideService(Version, version)
  )

/** Requested help goes to stdout, faults of the command line to stderr. No colours: the build makes the help texts without. */
const formatter = CliOutput.defaultFormatter({ colors: false })
const layerOutput = Layer.mergeAll(
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] }),
  CliOutput.layer(formatter),
  CliOutput.layerPresenter({
    present: Match.type<CliOutput.Presenter.Event>().pipe(
      Match.tag("InvalidInvocation", ({ commandPath, errors }) =>
        Output.message(
          `${errors.map((error) => plainLines(formatter.formatCliError(error))).join("\n")}\nSee: ${commandPath.join(" ")} --help`
        )
      ),
      Match.orElse(CliOutput.defaultPresenter.present)
    )
  })
)
