/** Everything that the documents name exists: files, headings, tests, commands, scripts, calls, settings and messages. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { settings } from "@gitpip/core"
import { fileVariable, secretNames } from "@gitpip/core/secrets"
import { Api } from "@gitpip/http"
import { OpenApi } from "effect/http-api"
import workspace from "../../vitest.workspace.ts"
import { documents, prose, read, root } from "./documents.ts"

/** Everything of a kind that the documents name, with where. */
const named = (pattern: RegExp, of: ReadonlyArray<string> = documents) =>
  of.flatMap((path) =>
    [...prose(path).matchAll(pattern)].map(([, ...parts]) => ({ path, parts: parts.map((part) => part ?? "") }))
  )

const wrong = (found: ReturnType<typeof named>, isThere: (parts: ReadonlyArray<string>, path: string) => boolean) => {
  assert.isNotEmpty(found)
  assert.deepStrictEqual(
    found.filter(({ parts, path }) => !isThere(parts, path)).map(({ parts, path }) => `${path}: ${parts.join(" ")}`),
    []
  )
}

/** As GitHub makes the address of a heading. */
const anchors = (path: string): ReadonlySet<string> =>
  new Set(
    [...prose(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-")
    )
  )

describe("the documents name", () => {
  it("the documents link to files and headings that exist", () => {
    wrong(named(/\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)/g), ([file = "", anchor = ""], path) => {
      // A release moves the sentences of changesets to the root's CHANGELOG.md.
      const folder = /^\.changeset\/(?!README)/.test(path) ? "." : dirname(path)
      const target = file === "" ? path : normalize(join(folder, file))
      return existsSync(root + target) && (anchor === "" || anchors(target).has(anchor))
    })
  })

  it("the documents quote tests that exist", () => {
    wrong(
      named(/`([\w./-]+\.test\.ts)`(?::\s+"([^"]+)")?/g),
      ([file = "", name = ""]) => existsSync(root + file) && name.split("…").every((part) => read(file).includes(part))
    )
  })

  // A reader makes `deploy/.env` from `deploy/.env.example`.
  it("the documents name files of the checkout that exist", () => {
    wrong(
      named(/`(?:npx (?:vitest run|node) )?((?:packages|docs|deploy|chaos|examples|\.ci)\/[\w./-]+)[^`]*`/g),
      ([path = ""]) => [path, `${path}.example`].some((one) => existsSync(root + one))
    )
  })

  // ARCHITECTURE.md and docs/lifecycle.md say that their paths are in the library's sources.
  it("the documents name files of the library that exist", () => {
    wrong(named(/`((?:[a-z]+\/)?\w+\.ts)`/g, ["ARCHITECTURE.md", "docs/lifecycle.md"]), ([path = ""]) =>
      existsSync(`${root}packages/core/src/${path}`)
    )
  })

  it("the documents name test projects that exist", () => {
    const projects = workspace.test?.projects?.map((project) => (project as { test: { name: string } }).test.name)
    wrong(named(/`[^`\n]*--project (\w+)[^`]*`/g), ([name = ""]) => projects?.includes(name) === true)
  })

  it("the documents name commands and flags that exist", () => {
    const helpTexts: Readonly<Record<string, string>> = JSON.parse(read("packages/cli/dist/helpTexts.json"))
    wrong(named(/`(?:npx )?gitpip ([a-z]+)((?: [^`]*)?)`/g), ([command = "", rest = ""]) => {
      const help = helpTexts[command]
      return help !== undefined && [...rest.matchAll(/--[a-z-]+/g)].every(([flag]) => help.includes(`  ${flag}`))
    })
  })

  it("the documents name scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json"))
    wrong(named(/`npm run ([\w:-]+)[^`]*`/g), ([script = ""]) => script in scripts)
  })

  it("the documents name calls that exist", () => {
    const paths = Object.entries(OpenApi.fromApi(Api).paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
    )
    const calls = new Set([...paths, "GET /", "GET /openapi.json", "GET /docs"])
    wrong(named(/`((?:GET|POST|DELETE) \/[^`?\s]*)[^`]*`/g), ([call = ""]) => calls.has(call))
  })

  it("the documents name settings that exist", () => {
    const others = documents.filter((path) => path !== "CONTRIBUTING.md")
    wrong(
      named(/`(GITPIP_\w+|PIPEDRIVE_\w+|GITHUB_\w+|POSTGRES_CONNECTION_STRING)[^`]*`/g, others),
      ([name = ""]) => name in settings || secretNames.some((secret) => fileVariable(secret) === name)
    )
  })
})

describe("the README", () => {
  it("the README links to every document, or to the folder of its README", () => {
    const readme = read("README.md")
    const leads = (path: string) =>
      readme.includes(`](${path})`) || (/\/README\.md$/.test(path) && readme.includes(`](${dirname(path)})`))
    const others = documents.filter((path) =>
      /^(docs\/)?[^/]+\.md$|^(docs\/decisions|examples|packages\/\w+)\/README\.md$/.test(path)
    )
    assert.deepStrictEqual(
      others.filter((path) => path !== "README.md" && !leads(path)),
      []
    )
  })
})

describe("docs/decisions/README.md", () => {
  it("docs/decisions/README.md links to every decision by its heading", () => {
    const index = read("docs/decisions/README.md")
    const decisions = documents.filter((path) => /^docs\/decisions\/\d{4}-/.test(path))
    assert.isNotEmpty(decisions)
    for (const path of decisions) {
      const [, heading = ""] = /^# (.+)$/m.exec(read(path)) ?? []
      assert.include(index, `[${heading}](${path.replace("docs/decisions/", "")})`)
    }
  })
})

describe("CONTRIBUTING.md", () => {
  it("CONTRIBUTING.md lists the environment variables that tests read, and no others", () => {
    const folders = ["packages/core", "packages/http", "packages/cli", "examples", "deploy", "docs", "chaos"]
    const sources = folders.flatMap((folder) =>
      readdirSync(`${root + folder}/test`, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts"))
        .map((file) => read(`${folder}/test/${file}`))
    )
    const ofEveryProcess = ["PATH", "HOME"]
    const variables = sources
      .flatMap((source) => [...source.matchAll(/\bprocess\.env\.([A-Z]\w*)/g)].map(([, name = ""]) => name))
      .filter((name) => !ofEveryProcess.includes(name))
    const listed = named(/^\| `([A-Z_]+)` \|/gm, ["CONTRIBUTING.md"]).map(({ parts: [name] }) => name)
    assert.sameMembers(listed, [...new Set(variables)])
  })
})

describe("docs/settings.md", () => {
  it("docs/settings.md names each setting", () => {
    const text = read("docs/settings.md")
    assert.deepStrictEqual(
      Object.keys(settings).filter((name) => !text.includes(`\`${name}`)),
      []
    )
  })
})

describe("docs/troubleshooting.md", () => {
  it("docs/troubleshooting.md quotes messages of the program", () => {
    const sources = ["core", "http", "cli"].flatMap((name) => {
      const folder = `${root}packages/${name}/src/`
      return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((file) => /\.tsx?$/.test(file))
        .map((file) => readFileSync(folder + file, "utf8"))
    })
    wrong(named(/^### "(.+)"$|^"(Gitpip [^"]+)"/gm, ["docs/troubleshooting.md"]), ([heading = "", sentence = ""]) =>
      sources.some((source) => (heading + sentence).split("…").every((part) => source.includes(part.trim())))
    )
  })
})
