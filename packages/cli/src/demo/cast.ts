/** The users of the tour, and their gists. */
import type { FakeGithub, FakePipedrive } from "@gitpip/core/testing"

/** Tracked in this order, with ids from 1 on. */
export const cast = {
  ann: "two gists, one of them full of HTML",
  anna: "one gist of two files; her name contains ann's",
  annabel: "one gist; her name contains both, and a colleague made her a deal long ago",
  "gist-machine": "245 gists, which is three pages of GitHub's list",
  quiet: "no gist at all",
  "nobody-here": "does not exist on GitHub"
} as const

export const missing = "nobody-here"
export const usernames = Object.keys(cast) as ReadonlyArray<keyof typeof cast>

/** The file whose note is shown. */
export const hostile = {
  owner: "ann",
  filename: "form.html",
  content: '<script>alert("pip")</script>\n<b>1 < 2 && 3 > 2</b>\n'
}

/** How many files each user has. */
export const files = { ann: 2, anna: 2, annabel: 1, "gist-machine": 245, quiet: 0 } as const
export const allFiles = Object.values<number>(files).reduce((sum, count) => sum + count, 0)

type Github = Pick<FakeGithub, "addUser" | "addGist">

/** Creates the users, their gists, and the deal that a colleague made. */
export const populate = (github: Github, pipedrive: Pick<FakePipedrive, "addDeal">): void => {
  for (const username of usernames) if (username !== missing) github.addUser(username)
  github.addGist("ann", { description: "Notes", files: { "hello.md": "# Hello\n\nFirst gist.\n" } })
  github.addGist(hostile.owner, {
    description: "Does it show as text?",
    files: { [hostile.filename]: hostile.content }
  })
  github.addGist("anna", {
    description: "Two files",
    files: { "main.ts": "export const answer = 42\n", "README.md": "See main.ts\n" }
  })
  github.addGist("annabel", { files: { "todo.txt": "- [ ] everything\n" } })
  for (let n = 1; n <= files["gist-machine"]; n++) {
    github.addGist("gist-machine", { files: { [`snippet-${String(n).padStart(3, "0")}.js`]: `console.log(${n})\n` } })
  }
  pipedrive.addDeal({ title: "annabel" })
}
