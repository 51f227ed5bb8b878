/** Runs after each test of this package. Test files share modules, so a hook in a module would run for one file only. */
import { afterEach } from "vitest"
import { assertNoLeaks } from "./server.ts"

afterEach(assertNoLeaks)
