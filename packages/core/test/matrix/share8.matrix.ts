import { testShare } from "./long.ts"

testShare(8)
