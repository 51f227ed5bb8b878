/** After each test of this package. A setup file, since files share their modules, and a module's own hooks run for one file only. */
import { afterEach } from "vitest"
import { assertNoLeaks } from "./server.ts"

afterEach(assertNoLeaks)
