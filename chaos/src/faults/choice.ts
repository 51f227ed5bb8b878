/** Every fault that a run can make, with how often it is chosen. Each ends by itself, or when the run ends. */

import type { World } from "../World.ts"
import { databaseFaults } from "./databaseFaults.ts"
import type { FaultKind, Theme } from "./FaultKind.ts"
import { processFaults } from "./processFaults.ts"
import { serviceFaults } from "./serviceFaults.ts"

export const faultKinds: ReadonlyArray<FaultKind> = [...processFaults, ...databaseFaults, ...serviceFaults]

/** Chooses by weight among the faults that are possible in the world: nine of ten are of the theme. */
export const choice = (world: World, only: RegExp = /^/): ((theme: Theme) => FaultKind) => {
  const possible = faultKinds.filter(
    ({ name, needs }) =>
      only.test(name) &&
      (needs === undefined ||
        (needs === "postgres" && world.postgres !== undefined) ||
        (needs === "embedded" && world.postgres === undefined))
  )
  return (theme) => {
    const themed = possible.filter((kind) => kind.theme === theme)
    const within = themed.length > 0 && world.random.chance(0.9) ? themed : possible
    let at = world.random.next() * within.reduce((sum, { weight }) => sum + weight, 0)
    for (const kind of within) {
      at -= kind.weight
      if (at < 0) return kind
    }
    return within[0] as FaultKind
  }
}
