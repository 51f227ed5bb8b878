/** One bundle of the program for the whole run. */
export { useBundle as default } from "../src/program.ts"
