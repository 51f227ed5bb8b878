/** The title of a user's deal: which templates can be used, what they become, and which titles are a user's own. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { dealTitle, isTitleFor, templateFault } from "../../src/domain/DealTitle.ts"

const ann = { login: "ann", name: "Ann Lee", company: "@acme" }

describe("a template for the titles of deals", () => {
  for (const [template, says] of [
    ["{login}", undefined],
    ["GitHub: {login}", undefined],
    ["{name} ({login}), {company}", undefined],
    ["({company}) [{login}] {name}", undefined],
    ["{name} {login} {company}", /\{login\} in brackets of its own.*both sides/],
    ["{name} (GitHub {login}) {company}", /in brackets of its own/],
    ["({company}) ({login}) {name}", /first of their kind/],
    ["{name} ({login}] {company}", /in brackets of its own/],
    ["{name} {company} {login}", undefined],
    ["{name}", /must hold \{login\}/],
    ["GitHub", /must hold \{login\}/],
    ["{login} {email}", /no value for \{email\}.*\{login\}, \{name\} or \{company\}/],
    ["{login} {}", /no value for \{\}/],
    ["{login", /brace/],
    ["{login} }", /brace/],
    ["{login} {login}", /twice/],
    ["x-{login}", /space or a bracket/],
    ["{name}{login}", /space or a bracket/],
    ["{login}{company}", /space or a bracket/],
    [`{login} ${"x".repeat(100)}`, /at most 100/]
  ] as const) {
    it(`a title template ${JSON.stringify(template)} ${says === undefined ? "can be used" : `is refused: ${says.source}`}`, () => {
      const fault = templateFault(template)
      if (says === undefined) assert.isUndefined(fault)
      else assert.match(fault ?? "", says)
    })
  }

  for (const [template, user, title] of [
    ["{login}", ann, "ann"],
    ["{name} ({login}), {company}", ann, "Ann Lee (ann), @acme"],
    ["{name} ({login}), {company}", { login: "ann" }, "ann (ann)"],
    ["{login} ({company})", { login: "ann", company: " " }, "ann"],
    ["{company} · {login}", { login: "ann", company: null }, "ann"],
    ["{login} {name}", { login: "ann", name: "A\u0000\n\u202eB" }, "ann A B"],
    ["{login} {name}", { login: "ann", name: "{company}", company: "acme" }, "ann {company}"],
    ["{login} {name}", { login: "ann", name: "$& $1" }, "ann $& $1"],
    ["{login}", { login: "bar-" }, "bar-"],
    ["{login}", { login: "-foo" }, "-foo"],
    ["- GitHub: {login} -", { login: "bar-" }, "GitHub: bar-"],
    ["{company} · {login}", { login: "-foo" }, "-foo"],
    ["{login} ({name}, {company})", { login: "lost" }, "lost (lost)"],
    ["({login}, {company})", { login: "ann" }, "(ann)"],
    ["({company}, {login})", { login: "ann" }, "(ann)"],
    ["{login}, {company}, GitHub", { login: "ann" }, "ann, GitHub"],
    ["{login}, ({company}), GitHub", { login: "ann" }, "ann, GitHub"],
    ["{login} {company}, GitHub", { login: "ann" }, "ann, GitHub"],
    ["{login} {company}-team", { login: "ann" }, "ann team"],
    ["{login} <{company}>", { login: "ann" }, "ann"],
    ["{login} [({company})]", { login: "ann" }, "ann"],
    ["{login}, {company}, GitHub", ann, "ann, @acme, GitHub"],
    ["{name} ({login}), {company}", { login: "bob", name: "x (ann)" }, "x [ann] (bob)"],
    ["{name} <{login}> {company}", { login: "bob", name: "x <ann>", company: "<y>" }, "x [ann] <bob> [y]"],
    ["{name} ({login})", { login: "bob", name: "Bob (he)" }, "Bob (he) (bob)"],
    ["{login} ({name}, {company})", { login: "ann", name: "-A  B-", company: "c" }, "ann (-A B-, c)"]
  ] as const) {
    it(`the template ${template} names ${JSON.stringify(user)} ${JSON.stringify(title)}`, () => {
      assert.strictEqual(dealTitle(template, user), title)
    })
  }

  it("the longest values make a title that Pipedrive takes", () => {
    const long = { login: "l".repeat(39), name: "😀".repeat(200), company: "c".repeat(200) }
    const title = dealTitle(`{name} ({login}) {company} ${"x".repeat(73)}`, long)
    assert.isAtMost(title.length, 250)
    assert.isTrue(title.isWellFormed())
  })
})

describe("the titles of a template", () => {
  const separator = Schema.Literals([" ", ", ", " · ", " - ", ": ", " (", ") ", " <", "> ", "/", ")", "("])
  const part = Schema.Literals(["", "{company}", "{name}", "GitHub"])
  const template = Arbitrary.map(
    Arbitrary.all([
      Arbitrary.schema(part),
      Arbitrary.schema(separator),
      Arbitrary.schema(separator),
      Arbitrary.schema(part),
      Arbitrary.schema(separator),
      Arbitrary.schema(part)
    ]),
    ([a, before, after, b, between, c]) => `${a}${before}{login}${after}${b}${between}${c}`
  )
  const login = Arbitrary.map(
    Arbitrary.array(Arbitrary.schema(Schema.Literals(["a", "b", "-"])), { minLength: 1, maxLength: 4 }),
    (characters) => characters.join("")
  )
  const value = Schema.Literals(["Ann Lee", "@acme", " ", "-", ""])

  const crafted = Schema.Literals(["", "a", "b (a)", "(a) (b)", "[a] b", "a) b", "<a>", "a (b", "b, a"])

  it.prop(
    "differ for two logins, whatever their names and companies are",
    [template, login, login, crafted, crafted, crafted, crafted],
    ([template, one, other, name, company, otherName, otherCompany]) => {
      if (templateFault(template) !== undefined || one === other) return
      assert.notStrictEqual(
        dealTitle(template, { login: one, name, company }),
        dealTitle(template, { login: other, name: otherName, company: otherCompany })
      )
    },
    { arbitrary: { runs: 3_000 } }
  )

  it("differ for a profile that is crafted to make another user's title, or the template is refused", () => {
    let usable = 0
    for (const separator of [" ", ", ", " · "]) {
      for (const pair of ["()", "[]", "<>", "  "]) {
        const [open = "", close = ""] = pair.trim()
        for (const around of ["{company}", "({company})", "[{company}]"]) {
          for (const template of [
            `{name} ${open}{login}${close}${separator}${around}`,
            `${around}${separator}${open}{login}${close} {name}`
          ]) {
            if (templateFault(template) !== undefined) continue
            usable++
            const isNameFirst = template.startsWith("{name}")
            const between = isNameFirst ? separator : " "
            const [first, last] = isNameFirst ? (["name", "company"] as const) : (["company", "name"] as const)
            const ann = { login: "ann", [first]: "x", [last]: `${open}bob${close}${between}c` }
            const before = isNameFirst ? " " : separator
            const bob = { login: "bob", [first]: `x${before}${open}ann${close}${between.trimEnd()}`, [last]: "c" }
            assert.notStrictEqual(dealTitle(template, ann), dealTitle(template, bob), template)
            assert.notStrictEqual(dealTitle(template, { ...ann, company: "" }), dealTitle(template, bob), template)
          }
        }
      }
    }
    assert.isAbove(usable, 20)
  })

  it.prop(
    "are each login's own, and differ for two logins of one name and company",
    [template, login, login, value, value],
    ([template, one, other, name, company]) => {
      if (templateFault(template) !== undefined) return
      const title = dealTitle(template, { login: one, name, company })
      assert.include(title, one)
      assert.isTrue(isTitleFor(template, one, title), `${template} ${title}`)
      assert.strictEqual(title === dealTitle(template, { login: other, name, company }), one === other)
    }
  )
})

describe("a deal that may just have been created", () => {
  const template = "{name} ({login}), {company}"
  for (const [title, login, isOwn, why] of [
    ["Ann Lee (ann), @acme", "ann", true, "with a name and a company"],
    ["ann (ann)", "ann", true, "with neither"],
    ["Ann L. (ann), other", "ann", true, "with others than now"],
    ["Ann Lee (anna), @acme", "ann", false, "of a longer login"],
    ["Ann Lee (x-ann), @acme", "ann", false, "of a login that ends alike"],
    ["ann", "ann", false, "without the template's brackets"],
    ["Call ann", "ann", false, "that a person wrote"]
  ] as const) {
    it(`a title ${why} is ${isOwn ? "" : "not "}a user's own: ${title}`, () => {
      assert.strictEqual(isTitleFor(template, login, title), isOwn)
    })
  }

  it("with a template of the login alone only the very title is a user's own", () => {
    assert.isTrue(isTitleFor("{login}", "ann", "ann"))
    for (const title of ["Ann", "ann deal", " ann"]) assert.isFalse(isTitleFor("{login}", "ann", title), title)
  })
})
