import { assert, it } from "@effect/vitest"
import { GistFile, User } from "@gitpip/core"
import { Schema } from "effect"
import { fileJson, userJson } from "../src/Json.ts"

it.prop("users have the form that their schema gives them", [User], ([user]) => {
  assert.deepStrictEqual(userJson(user), Schema.encodeSync(User)(user))
})

it.prop("files have the form that their schema gives them", [GistFile], ([file]) => {
  assert.deepStrictEqual(fileJson(file), Schema.encodeSync(GistFile)(file))
})
