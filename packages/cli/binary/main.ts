/** The program as a single executable: version and help texts are inside. */
import helpTexts from "../dist/helpTexts.json" with { type: "json" }
import { start } from "../dist/start.js"
import metadata from "../package.json" with { type: "json" }

void start(() => ({ version: metadata.version, helpTexts }))
