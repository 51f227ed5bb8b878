/** Each public name says what it is: editors show the JSDoc where a program uses the name. */
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { parseSync } from "rolldown/utils"
import { read, root } from "./documents.ts"

/** One declaration of an exported name. */
interface Declaration {
  readonly path: string
  readonly line: number
  readonly name: string
  readonly isDocumented: boolean
}

type Statement = ReturnType<typeof parseSync>["program"]["body"][number]

/** The names that a statement declares: several for `const a = 1, b = 2`. */
const declaredNames = (statement: Statement): ReadonlyArray<string> => {
  switch (statement.type) {
    case "VariableDeclaration":
      return statement.declarations.flatMap(({ id }) => (id.type === "Identifier" ? [id.name] : []))
    case "FunctionDeclaration":
    case "ClassDeclaration":
      return statement.id === null ? [] : [statement.id.name]
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return [statement.id.name]
    default:
      return []
  }
}

/** The declarations of one exported name, or of all names of a module; re-exports lead to the module that declares them. */
const declarationsOf = (path: string, wanted?: string): ReadonlyArray<Declaration> => {
  const text = readFileSync(path, "utf8")
  const { comments, program } = parseSync(path, text)
  const isDocumented = (start: number) =>
    comments.some(
      ({ end, type, value }) =>
        type === "Block" && value.startsWith("*") && end <= start && text.slice(end, start).trim() === ""
    )
  const lineOf = (start: number) => text.slice(0, start).split("\n").length
  return program.body.flatMap((statement): ReadonlyArray<Declaration> => {
    if (statement.type === "ExportAllDeclaration") {
      if (wanted !== undefined && statement.exported?.type === "Identifier" && statement.exported.name !== wanted)
        return []
      return declarationsOf(
        join(dirname(path), statement.source.value),
        statement.exported === null ? wanted : undefined
      )
    }
    if (statement.type !== "ExportNamedDeclaration") return []
    const { declaration, source, specifiers, start } = statement
    if (declaration !== null) {
      return declaredNames(declaration)
        .filter((name) => wanted === undefined || name === wanted)
        .map((name) => ({
          path: path.slice(root.length),
          line: lineOf(start),
          name,
          isDocumented: isDocumented(start)
        }))
    }
    return specifiers.flatMap(({ exported, local }) => {
      const [name, origin] = [exported, local].map((one) => (one.type === "Identifier" ? one.name : one.value))
      if (name === undefined || (wanted !== undefined && name !== wanted)) return []
      const found = source === null ? [] : declarationsOf(join(dirname(path), source.value), origin)
      // A name that leads to no declaration must not pass unseen: declare and export in one statement.
      return found.length > 0
        ? found
        : [{ path: path.slice(root.length), line: lineOf(start), name, isDocumented: false }]
    })
  })
}

/** The source of each entry point that a package offers to programs. */
const entryPoints = ["core", "http"].flatMap((name) => {
  const manifest: { readonly exports: Readonly<Record<string, string | { readonly types: string }>> } = JSON.parse(
    read(`packages/${name}/package.json`)
  )
  return Object.values(manifest.exports).flatMap((target) =>
    typeof target === "string"
      ? []
      : [join(root, "packages", name, target.types.replace("./dist/", "src/").replace(".d.ts", ".ts"))]
  )
})

describe("public names", () => {
  for (const path of entryPoints) {
    it(`each name that ${path.slice(root.length)} exports has JSDoc`, () => {
      const found = declarationsOf(path)
      assert.isNotEmpty(found)
      assert.deepStrictEqual(
        found.filter((one) => !one.isDocumented).map(({ line, name, path }) => `${path}:${line} ${name}`),
        []
      )
    })
  }
})
