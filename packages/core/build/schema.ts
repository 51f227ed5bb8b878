/** Writes `src/database/schema.sql`: the schema that the migrations make of an empty database. */
import { writeFileSync } from "node:fs"
import { Effect } from "effect"
import { layerMemory } from "../src/database/Database.ts"
import { schemaDump } from "./schemaDump.ts"

const dump = await Effect.runPromise(Effect.provide(schemaDump, layerMemory))
writeFileSync(new URL("../src/database/schema.sql", import.meta.url), dump)
