/** Puts the page's style beside its compiled modules, so that `dist` holds all parts of the page. */
import { copyFileSync } from "node:fs"

copyFileSync(new URL("../src/client/page.css", import.meta.url), new URL("../dist/client/page.css", import.meta.url))
