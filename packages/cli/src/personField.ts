/** The field of persons that `GITPIP_PERSON_FIELD` names, when Pipedrive does not have it. */
import { Effect, Layer, Option } from "effect"
import { Unsuccessful } from "./Failure.ts"
import { core, layerSettings } from "./Session.ts"

/** Runs on Pipedrive, as the settings say. */
const withPipedrive = <A, E>(use: (pipedrive: core.Pipedrive["Service"]) => Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const { pipedrive, url } = yield* core.Settings
    if (Option.isSome(url)) {
      return yield* new Unsuccessful({
        message:
          "GITPIP_URL names a server. Run `gitpip doctor --fix` with the settings of that server, without GITPIP_URL"
      })
    }
    if (Option.isNone(pipedrive)) return yield* new Unsuccessful({ message: "Set PIPEDRIVE_TOKEN and PIPEDRIVE_ORG" })
    return yield* Effect.flatMap(core.Pipedrive, use).pipe(
      Effect.provide(core.Pipedrive.layer(pipedrive.value).pipe(Layer.provide(core.layerTransport)))
    )
  }).pipe(Effect.provide(layerSettings))

/** The field's name, when the settings name a field by its name and Pipedrive has none of that name. 10 tokens. */
export const missingField = Effect.gen(function* () {
  const { person } = yield* Effect.provide(core.Settings, layerSettings)
  if (Option.isNone(person.field)) {
    return yield* new Unsuccessful({
      message: "Set GITPIP_PERSON_FIELD to the name that the field of persons is to have: GitHub"
    })
  }
  const name = person.field.value
  const fields = yield* withPipedrive(({ personFields }) => personFields)
  return core.isPersonField(name, fields) || /^[0-9a-f]{40}$/.test(name) ? undefined : name
})

/** Creates the field, with a line of text. 5 tokens. */
export const createField = (name: string) => withPipedrive(({ createPersonField }) => createPersonField(name))
