/**
 * Random histories against a model: what people, GitHub, Pipedrive and three processes do in any order, with the real
 * services on PostgreSQL and stand-ins for the outside world; what must be true after each step, and in the end.
 *
 * A failure prints the shrunk history and a token: `MODEL_REPLAY='token' npx vitest run …` plays exactly that one again.
 * The seed is in the suite's title, so that it is known of a run that hangs as well: `MODEL_SEED=1234` makes the same
 * histories again. `MODEL_RUNS=2000` tries more of them. A history can also be pasted into `play` below, as it is printed.
 *
 * Hazard: the commands of a history are fixed, but not how the statements and requests of concurrent ones interleave, so
 * a replay may need a few tries. Where an interleaving matters, a command forces it (`hold`, `sleep`, `slow scan`).
 */
import { randomInt } from "node:crypto"
import { layer } from "@effect/vitest"
import { histories, longest } from "./commands.ts"
import { play } from "./play.ts"
import { Connections } from "./Stage.ts"

const { MODEL_REPLAY, MODEL_RUNS = "40", MODEL_SEED = String(randomInt(2 ** 31)) } = process.env
const runs = Number(MODEL_RUNS)
const shrinks = 60

layer(Connections.layer, { excludeTestServices: true })(`any history, seed ${MODEL_SEED}`, (it) => {
  it.effect.prop(
    "ends with every file stored, published and shown exactly once, for the least it can cost",
    [histories],
    ([history]) => play(history),
    {
      timeout: (runs + shrinks) * 5_000,
      arbitrary:
        MODEL_REPLAY === undefined
          ? { runs, size: longest, seed: Number(MODEL_SEED), maxShrinks: shrinks }
          : { replay: MODEL_REPLAY }
    }
  )
})
