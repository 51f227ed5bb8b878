/** Reads the secrets that `NAME_FILE` variables name. */
import { ConfigProvider, Effect, Result } from "effect"
import { fileVariable, readSecret, type SecretName, secretNames } from "./secretFiles.ts"

const textOf = Effect.fnUntraced(
  function* (variable: string) {
    const provider = yield* ConfigProvider.ConfigProvider
    return (yield* provider.load([variable]))?.value?.trim() ?? ""
  },
  Effect.orElseSucceed(() => "")
)

/** The secret in the file of a setting, or what is wrong; undefined when no file is named. */
const readFile = Effect.fnUntraced(function* (name: SecretName) {
  const variable = fileVariable(name)
  const path = yield* textOf(variable)
  if (path === "") return undefined
  if ((yield* textOf(name)) !== "") return Result.fail(`${variable}: ${name} is set as well. Unset one of the two`)
  return Result.mapError(readSecret(path), (fault) => `${variable}: ${fault}`)
})

/** The secrets in files, and the faults of files that cannot be used, by the name of their setting. */
export const readFiles = Effect.gen(function* () {
  const secrets: Record<string, string> = {}
  const faults: Record<string, string> = {}
  for (const name of secretNames) {
    const read = yield* readFile(name)
    if (read === undefined) continue
    if (Result.isSuccess(read)) secrets[name] = read.success
    else faults[name] = read.failure
  }
  return { secrets, faults }
})
