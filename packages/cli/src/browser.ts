/** Opening links in the browser, without a shell: what strangers name their files is in them. */
import { spawn } from "node:child_process"
import { Effect } from "effect"
import { Host } from "./Host.ts"

/** So many tabs at most: more would bury what one is looking for. */
export const most = 10

/**
 * The links that lead to GitHub itself, over HTTP; others could be anything that this machine has a program for. `api` is
 * GITHUB_API_URL: an Enterprise Server shows gists under its own name or one in front of it.
 */
export const trusted = (links: ReadonlyArray<string>, api: string): ReadonlyArray<string> => {
  const { host } = new URL(api)
  const hosts = new Set(["gist.github.com", "github.com", host, `gist.${host}`])
  return links.filter((link) => {
    if (!URL.canParse(link)) return false
    const { host, password, protocol, username } = new URL(link)
    return (protocol === "https:" || protocol === "http:") && hosts.has(host) && username === "" && password === ""
  })
}

/** What opens a link on this system. On Windows this is what `start` does, which is a word of the shell. */
export const opener = (platform: NodeJS.Platform): readonly [string, ...ReadonlyArray<string>] =>
  platform === "darwin" ? ["open"] : platform === "win32" ? ["rundll32", "url.dll,FileProtocolHandler"] : ["xdg-open"]

/** Opens a link; fails with the program's name when there is none. */
export const open = (link: string): Effect.Effect<void, string> =>
  Effect.flatMap(Host, ({ env }) =>
    Effect.callback((resume) => {
      const [program, ...args] = opener(process.platform)
      const child = spawn(program, [...args, new URL(link).href], { detached: true, stdio: "ignore", env })
      child.once("error", () => resume(Effect.fail(program)))
      child.once("spawn", () => {
        child.unref()
        resume(Effect.void)
      })
    })
  )
