/** Random choices that a seed decides. */

export interface Random {
  /** From 0 to 1. */
  readonly next: () => number
  /** A whole number from `min` to `max`. */
  readonly int: (min: number, max: number) => number
  readonly pick: <A>(from: ReadonlyArray<A>) => A
  readonly chance: (probability: number) => boolean
}

/** SplitMix32: every seed is a good one. https://doi.org/10.1145/2714064.2660195 */
export const make = (seed: number): Random => {
  let state = seed | 0
  const next = () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4294967296
  }
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    int,
    pick: (from) => from[int(0, from.length - 1)] as (typeof from)[number],
    chance: (probability) => next() < probability
  }
}
