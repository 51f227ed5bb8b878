/** Opens links in the browser. Hazard: links hold file names that strangers chose, so no shell is involved. */
import { spawn } from "node:child_process"
import { Effect } from "effect"
import { Host } from "./Host.ts"

/** At most this many tabs are opened at once. */
export const maxTabs = 10

/**
 * The links that lead to GitHub over HTTP; any other link could start a program on this machine. `api` is GITHUB_API_URL:
 * an Enterprise Server shows gists under its own host name or under `gist.` in front of it.
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

/** The program that opens a link on this system. On Windows `start` does the same, but is part of the shell. */
export const opener = (platform: NodeJS.Platform): readonly [string, ...ReadonlyArray<string>] =>
  platform === "darwin" ? ["open"] : platform === "win32" ? ["rundll32", "url.dll,FileProtocolHandler"] : ["xdg-open"]

/** Opens a link. Fails with the program's name when the program is missing. */
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
