/**
 * Random histories against a model: what people, GitHub, Pipedrive and several processes do in any order, and what must
 * be true of it in the end.
 *
 * A failure prints the shrunk history and a token. `MODEL_REPLAY=token npx vitest run …` plays exactly that one again;
 * `MODEL_RUNS=2000 MODEL_SEED=7` tries more and others.
 */
import { layer } from "@effect/vitest"
import { Arbitrary, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../../src/Gitpip.ts"
import { layerPostgres, withDatabaseClock } from "../database.ts"
import { makeWorld, passTime, services } from "../world.ts"
import { Command, logins, Model, type Stage } from "./history.ts"
import { comeToRest, laws } from "./laws.ts"
import { change, perform } from "./perform.ts"

/** After any history, the users go on publishing. */
const news = { _tag: "Publish gist", files: 2, secret: false } as const

const runs = Number(process.env.MODEL_RUNS ?? 30)
const seed = process.env.MODEL_SEED ?? 1

layer(layerPostgres)(`random histories, MODEL_SEED=${seed}`, (it) => {
  it.effect.prop(
    "any history ends with every file stored, published and shown exactly once, for the least it can cost",
    [Arbitrary.array(Arbitrary.schema(Command), { maxLength: 60 })],
    ([commands]) =>
      Effect.scoped(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          // The history before moved the database's clock.
          yield* passTime(0)
          yield* sql`truncate users, scans, scan_failures, gist_files, visits, visitor_positions, publications, attempts, duplicates, deals,
            limits restart identity cascade`
          const { github, pipedrive, settings } = yield* makeWorld({ pipedrive: { dailyTokens: false } })
          for (const login of logins) github.addUser(login)
          const stage: Stage = {
            model: new Model(),
            github,
            pipedrive,
            process: (work) => {
              stage.model.processes++
              return Effect.flatMap(Gitpip, work).pipe(
                Effect.provide(services(settings)),
                Effect.provideService(SqlClient.SqlClient, sql),
                Effect.catchTag("SettingsError", Effect.die)
              ) as never
            }
          }
          yield* Effect.gen(function* () {
            for (const user of ["ann", "bob"]) yield* perform(stage, { _tag: "Track", user })
            for (const command of commands) yield* perform(stage, command)
            yield* comeToRest(stage)
            for (const { user } of stage.model.tracked) change(stage, { ...news, user })
            yield* comeToRest(stage)
            yield* laws(stage)
          }).pipe(Effect.provide(services(settings)))
        })
      ).pipe(withDatabaseClock),
    {
      // A long search, by command, has as long as it needs.
      timeout: Math.max(1_800_000, runs * 60_000),
      arbitrary: Option.match(Option.fromNullishOr(process.env.MODEL_REPLAY), {
        // Without a size all histories are as short as they may be.
        onNone: () => ({ runs, seed, size: 100 }),
        onSome: (replay) => ({ replay })
      })
    }
  )
})
