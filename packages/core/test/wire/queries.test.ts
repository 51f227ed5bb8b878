/** What GitHub's published schema (https://github.com/octokit/graphql-schema) allows as answers to Gitpip's queries is read. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import {
  type FragmentDefinitionNode,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  validate
} from "graphql"
import { newest, readNewest, readTexts, texts } from "../../src/github/queries.ts"
import { githubSchema } from "../github/graphqlEngine.ts"
import type { Answer } from "./described.ts"

/** The selected fields of a type, those of fragments included. */
const fieldsOf = (set: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>) =>
  set.selections.flatMap((one): ReadonlyArray<{ name: string; key: string; set?: SelectionSetNode | undefined }> => {
    if (one.kind === Kind.FIELD) {
      return [{ name: one.name.value, key: one.alias?.value ?? one.name.value, set: one.selectionSet }]
    }
    const inner = one.kind === Kind.INLINE_FRAGMENT ? one.selectionSet : fragments.get(one.name.value)?.selectionSet
    return inner === undefined ? [] : fieldsOf(inner, fragments)
  })

const makeAnswers = (document: string) => {
  const { definitions } = parse(document)
  const fragments = new Map(
    definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : []))
  )
  const query = definitions.find((one): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION)

  const fill = (type: GraphQLOutputType, set: SelectionSetNode | undefined): unknown => {
    const nullable = getNullableType(type)
    if (isListType(nullable)) return [fill(nullable.ofType as GraphQLOutputType, set)]
    const named = getNamedType(type)
    if (set === undefined) return scalars[named.name] ?? "text"
    return Object.fromEntries(children(named.name, set).map(({ key, set, type }) => [key, fill(type, set)]))
  }

  /** Of an interface, such as the node of an id, the fields of a gist. */
  const children = (name: string, set: SelectionSetNode) => {
    const found = githubSchema().getType(name)
    const type = isObjectType(found) ? found : githubSchema().getType("Gist")
    if (!isObjectType(type)) return []
    return fieldsOf(set, fragments).flatMap((field) => {
      const known = type.getFields()[field.name]
      return known === undefined ? [] : [{ ...field, type: known.type }]
    })
  }

  const changes = function* (
    type: GraphQLOutputType,
    set: SelectionSetNode | undefined,
    at: { readonly path: string; readonly value: unknown }
  ): Generator<Answer> {
    const { path, value } = at
    if (!isNonNullType(type)) yield { label: `${path} is null`, value: null }
    const nullable = getNullableType(type)
    if (isListType(nullable)) {
      yield { label: `${path} is empty`, value: [] }
      const item = { path: `${path}[0]`, value: (value as ReadonlyArray<unknown>)[0] }
      for (const one of changes(nullable.ofType as GraphQLOutputType, set, item)) yield { ...one, value: [one.value] }
    } else if (set !== undefined) {
      const record = value as Readonly<Record<string, unknown>>
      yield { label: `${path} has a field that is not described`, value: { ...record, somethingNew: {} } }
      for (const child of children(getNamedType(type).name, set)) {
        const inner = { path: `${path}.${child.key}`, value: record[child.key] }
        for (const one of changes(child.type, child.set, inner)) {
          yield { ...one, value: { ...record, [child.key]: one.value } }
        }
      }
    }
  }

  const selected = query?.selectionSet.selections[0]
  if (selected?.kind !== Kind.FIELD) throw new Error("The query selects no field")
  const type = githubSchema().getQueryType()?.getFields()[selected.name.value]?.type as GraphQLOutputType
  const whole = fill(type, selected.selectionSet)
  return { whole, changes: [...changes(type, selected.selectionSet, { path: selected.name.value, value: whole })] }
}

const scalars: Readonly<Record<string, unknown>> = {
  Int: 4,
  Boolean: true,
  DateTime: "2026-01-02T03:04:05Z",
  URI: "https://gist.github.com/text"
}

const answer = (data: unknown) => ({ data, errors: [], seconds: 1 })

describe("an answer that GitHub's schema allows", () => {
  it("a response to the query for newest gists is read, or leaves its user to the list and no other", () => {
    const { changes, whole } = makeAnswers(newest(["ann", "bob"]).document)
    assert.isAbove(changes.length, 15)
    const seen = readNewest(["ann", "bob"], answer({ u0: whole, u1: whole }))
    assert.deepStrictEqual(
      Result.getOrThrow(seen).map((one) => one !== "unanswered" && Result.isSuccess(one)),
      [true, true]
    )
    const left: Array<string> = []
    for (const { label, value } of changes) {
      const [odd, other] = Result.getOrThrow(readNewest(["ann", "bob"], answer({ u0: value, u1: whole })))
      assert.isTrue(other !== undefined && other !== "unanswered" && Result.isSuccess(other), label)
      if (odd === undefined || odd === "unanswered" || Result.isFailure(odd)) left.push(label)
    }
    // These users are asked for by their lists.
    assert.deepStrictEqual(left, [
      "user is null",
      "user.databaseId is null",
      "user.gists.nodes is null",
      "user.gists.nodes[0] is null"
    ])
  })

  it("a gist whose id is too long to be stored leaves its user to the list, which skips the gist", () => {
    const { whole } = makeAnswers(newest(["ann"]).document) as {
      readonly whole: { readonly gists: { readonly nodes: ReadonlyArray<object> } }
    }
    const reads = [100, 101].map((length) => {
      const name = "x".repeat(length)
      const nodes = whole.gists.nodes.map((node) => ({ ...node, name, url: `https://gist.github.com/${name}` }))
      const [one] = Result.getOrThrow(
        readNewest(["ann"], answer({ u0: { ...whole, gists: { ...whole.gists, nodes } } }))
      )
      return one !== undefined && one !== "unanswered" && Result.isSuccess(one)
    })
    assert.deepStrictEqual(reads, [true, false])
  })

  it("a response that shows organizations names them, and no error about one touches a user", () => {
    const names = ["acme", "ann", "nobody", "hidden"]
    const { document } = newest(names, { withOrganizations: true })
    assert.deepStrictEqual(validate(githubSchema(), parse(document)), [])
    const { whole } = makeAnswers(document)
    const error = (path: string, type: string) => ({ type, message: "-", path: [path] })
    const read = readNewest(names, {
      data: { u0: null, o0: { login: "acme" }, u1: whole, o1: null, u2: null, o2: null, u3: null, o3: null },
      errors: [
        ...["u0", "o1", "u2", "o2", "u3"].map((path) => error(path, "NOT_FOUND")),
        // Of an organization with single sign-on.
        error("o3", "FORBIDDEN")
      ],
      seconds: 1
    })
    const found = Result.getOrThrow(read).map((one) =>
      one === "unanswered" || Result.isSuccess(one) ? "user" : one.failure.message
    )
    assert.deepStrictEqual(found, [
      "acme is an organization at GitHub, not a user",
      "user",
      "GitHub knows no user nobody",
      "GitHub knows no user hidden"
    ])
  })

  it("a response to the query for texts is read, or leaves its gist out and no other", () => {
    const { changes } = makeAnswers(texts(["G"]).document)
    assert.isAbove(changes.length, 5)
    const other = {
      name: "other",
      isPublic: true,
      description: null,
      files: [{ name: "a", size: 1, isTruncated: false, text: "x" }]
    }
    for (const { label, value } of changes) {
      const nodes = Array.isArray(value) ? value : []
      const found = readTexts(answer({ nodes: [...nodes, other] }))
      assert.strictEqual(found.get("other")?.files.get("a"), "x", label)
    }
  })
})
