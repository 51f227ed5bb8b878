/** Vitest loads a file of this name; the projects are in `vitest.workspace.ts`. */
export { default } from "./vitest.workspace.ts"
