import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { read } from "../src/userList.ts"

const found = (text: string) => read(text).entries.map(({ id, line, username }) => [line, username, id])

describe("a list of users", () => {
  it("is a name a line, with or without an id", () => {
    assert.deepStrictEqual(found("ann\r\n\r\n  bob , 7 \n# a comment\ncid,\n"), [
      [1, "ann", undefined],
      [3, "bob", "7"],
      [5, "cid", undefined]
    ])
  })

  it("may name its columns, in any order and with others beside them", () => {
    assert.deepStrictEqual(found('\uFEFFID,Name,Username\n7,"Ann, the first",ann\n,Bob,bob\n'), [
      [2, "ann", "7"],
      [3, "bob", undefined]
    ])
    assert.deepStrictEqual(found("username\nann\nusername\n"), [
      [2, "ann", undefined],
      [3, "username", undefined]
    ])
  })

  it("names its columns that are not read", () => {
    for (const [text, unread] of [
      ["username,persons\nann,7\n", ["persons"]],
      ["ID,Name,Username,\n7,Ann,ann,\n", ["Name"]],
      ["Username,DEAL,max_file_size\nann,7,\n", []],
      ["ann,7\n", []]
    ] as const) {
      assert.deepStrictEqual<ReadonlyArray<string>>(read(text).unread, unread)
    }
  })

  it("may have columns for the deal and the person in Pipedrive, which the first line names", () => {
    assert.deepStrictEqual(read("username,deal,person\nann,12,\nbob,,34\n").entries, [
      { line: 2, username: "ann", id: undefined, deal: "12", person: undefined, rules: {} },
      { line: 3, username: "bob", id: undefined, deal: undefined, person: "34", rules: {} }
    ])
  })

  it("may have columns for rules on files, whose patterns may hold commas", () => {
    assert.deepStrictEqual(
      read('forks,username,include,max_file_size\nskip,ann,"*.ts, *.md",\n,bob,,5 KB\n').entries.map(
        ({ rules }) => rules
      ),
      [
        { include: "*.ts, *.md", max_file_size: undefined, forks: "skip" },
        { include: undefined, max_file_size: "5 KB", forks: undefined }
      ]
    )
  })

  it("has quotation marks as CSV has them", () => {
    assert.deepStrictEqual(found('"ann","7"\n"a ""b"""\n'), [
      [1, "ann", "7"],
      [2, 'a "b"', undefined]
    ])
  })

  it("may have semicolons or tabs between cells, as spreadsheets write them", () => {
    const named = [
      [2, "ann", "7"],
      [3, "bob", undefined]
    ]
    for (const separator of [";", "\t"]) {
      assert.deepStrictEqual(
        found(["Id;Name;Username", '7;"Ann; the ""first""";ann', ";Bob;bob"].join("\n").replaceAll(";", separator)),
        named as ReturnType<typeof found>,
        separator
      )
    }
    assert.deepStrictEqual(found("ann\n\tbob;7\n# a, comment\ncid;8\n"), [
      [1, "ann", undefined],
      [2, "bob", "7"],
      [4, "cid", "8"]
    ])
  })

  it("reports the lines that cannot be read, and reads the others", () => {
    const { entries, faults } = read('ann\n"bob\ncid,1,2\ndan,4\n')
    assert.deepStrictEqual(
      entries.map(({ username }) => username),
      ["ann", "dan"]
    )
    assert.deepStrictEqual(
      faults.map(({ line }) => line),
      [2, 3]
    )
    assert.match(faults[0]?.message ?? "", /a quotation mark must begin and end the cell/)
    assert.match(faults[1]?.message ?? "", /the line has 3 columns; write username,id/)
  })

  for (const [title, text, message] of [
    [
      "commas",
      "username,include\ndan,*.md, *.py\neve,*.ts,\n",
      /3 cells, and the first line names 2 columns; put a cell that has `,`/
    ],
    [
      "tabs",
      "username\tinclude\ndan\t*.md\t*.py\neve\t*.ts\t\n",
      /put a cell that has tabs inside into quotation marks/
    ]
  ] as const) {
    it(`reports lines with more cells than columns, in a list with ${title}`, () => {
      const { entries, faults } = read(text)
      assert.deepStrictEqual(
        entries.map(({ username }) => username),
        ["eve"]
      )
      assert.strictEqual(faults.length, 1)
      assert.match(faults[0]?.message ?? "", message)
    })
  }

  for (const [title, text, message] of [
    ["without the column username", "GitHub;Deal;Person\nann;1;2\nbob;3;4\n", /no column is named username/],
    ["with an id first and without the column username", "id,name,deal\n7,ann,1\n", /no column is named username/],
    ["of two columns without the column username", "name,id\nann,7\n", /no column is named username/],
    ["with a column twice", "username,id,ID\nann,7,8\n", /the column id is named more than once/],
    ["with the column username twice", "username,username\nann,bob\n", /the column username is named more than once/]
  ] as const) {
    it(`has one fault for a line of column names ${title}`, () => {
      const { entries, faults } = read(text)
      assert.deepStrictEqual([entries.length, faults.length, faults[0]?.line], [0, 1, 1])
      assert.match(faults[0]?.message ?? "", message)
    })
  }

  it("may have other columns twice, and users who are called like a column", () => {
    assert.deepStrictEqual(found("username,note,note\nann,a,b\n"), [[2, "ann", undefined]])
    assert.deepStrictEqual(found("deal,7\nperson\n"), [
      [1, "deal", "7"],
      [2, "person", undefined]
    ])
  })

  it("says where quotation marks belong when a cell has them inside", () => {
    assert.deepStrictEqual(read('octocat "the cat",1\n').faults, [
      { line: 1, message: "a quotation mark must begin and end the cell; write username,id" }
    ])
  })

  it("is read in time, whatever spaces and quotation marks it has", () => {
    const spaces = " ".repeat(20_000)
    const lines = [`${spaces}x${spaces}"y`, `"${'""'.repeat(20_000)}x`, `"a"${spaces}b`]
    for (const line of [...lines, ...lines.map((one) => `${one};`), ...lines.map((one) => `${one}\tx`)]) {
      assert.match(read(line).faults[0]?.message ?? "", /a quotation mark must begin and end the cell/)
    }
    assert.deepStrictEqual(found(`${spaces}ann${spaces},${spaces}"7"${spaces}`), [[1, "ann", "7"]])
  })

  it.prop("accepts any text, and reports each line at most once", [Schema.String], ([text]) => {
    const { entries, faults } = read(text)
    const lines = [...entries, ...faults].map(({ line }) => line)
    assert.strictEqual(new Set(lines).size, lines.length)
  })
})
