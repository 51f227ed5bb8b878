/**
 * `kill -9` at every step that leaves a trace outside the process: before and after each statement and each request.
 *
 * A process that dies between two such steps leaves the same behind as one that dies at the next of them, so these are
 * all the crashes that can be told apart. Nobody lists them: a life in which everything happens is lived again and again,
 * and the server is killed wherever it has not been killed yet, until it has been killed everywhere. A step that is added
 * to the program is found in the same way.
 */
import type { Books } from "./people.ts"
import { settle } from "./settle.ts"
import type { Slot, World } from "./World.ts"

/** What has been tried, in all worlds together. */
export interface Steps {
  /** Everywhere a server was killed, as `before …` or `after …`. */
  readonly killed: Set<string>
  /** Every statement that was seen. */
  readonly statements: Set<string>
}

/** Kills a world's server wherever none has been killed yet. */
const killEverywhere = (world: World, { killed, statements }: Steps, mayKill: (step: string) => boolean) => {
  const slot = world.slots[0] as Slot
  let on = true
  const first = (key: string): boolean => {
    if (!on || killed.has(key) || !mayKill(key) || !slot.server.alive()) return false
    killed.add(key)
    world.strike("kill -9 at a step")
    void slot.server.kill()
    return true
  }
  if (slot.proxy !== undefined) {
    const at =
      (phase: "before" | "after") =>
      ({ name, statement }: { name: string; statement: string }) => {
        statements.add(statement)
        // What only reads leaves the same behind on both of its sides.
        if (phase === "before" && /^select /.test(statement) && !/for (no key )?update|record_visit/.test(statement))
          return "pass" as const
        return first(`${phase} ${name}`) ? ("reset" as const) : ("pass" as const)
      }
    slot.proxy.hooks = { before: at("before"), after: at("after") }
  }
  for (const service of [world.github, world.pipedrive]) {
    const at =
      (phase: "before" | "after") =>
      ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
        first(`${phase} ${method} ${route}`)
    service.injectFault({ kind: "hang" }, { times: Number.POSITIVE_INFINITY, when: at("before") })
    service.injectFault({ kind: "lost", how: "hang" }, { times: Number.POSITIVE_INFINITY, when: at("after") })
  }
  return () => {
    on = false
  }
}

/** Asks until it is answered: the server may be dead at any moment. */
const persist = async (world: World, method: string, path: string) => {
  let json: unknown
  await world.until(`${method} ${path} is answered`, async () => {
    const answer = await world.call(world.slots[0] as Slot, method, path).catch(() => undefined)
    json = answer?.json
    return answer !== undefined && answer.status < 500
  })
  return json
}

/** Somebody watches what changes, from one server to the next, until told to stop. */
const watch = async ({ time }: World, slot: Slot, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    try {
      const { body } = await fetch(new URL("/events", await slot.server.address), { signal })
      for await (const _ of body ?? []);
    } catch {
      // The server was killed, or has not begun.
    }
    await time.sleep("1 second")
  }
}

/** A life in which everything happens that a server can do. `n` makes it another one. */
const live = async (world: World, books: Books, n: number): Promise<void> => {
  const { github, pipedrive, until } = world
  const slot = world.slots[0] as Slot
  const user = `user-${n}`
  let files = 0
  const add = (login = user): string => {
    const file = `${user}-${files++}.md`
    books.files.set(file, user)
    github.addGist(login, { files: { [file]: `# ${file}` } })
    return file
  }
  const isThere = (file: string) => pipedrive.activities.some(({ subject }) => subject === file)
  /** Tries again by hand what has failed: a server that is killed often enough uses up all tries of a publication. */
  const retryFailed = async () => {
    const failed = (await persist(world, "GET", "/publications?state=failed")) as ReadonlyArray<{ readonly id: number }>
    for (const { id } of failed) await persist(world, "POST", `/publications/${id}/retry`)
    return failed.length
  }
  const comesTrue = (what: string, holds: () => boolean) =>
    until(what, async () => {
      if (!holds()) await retryFailed()
      return holds()
    })
  const arrives = (file: string) => comesTrue(`${file} is in Pipedrive`, () => isThere(file))
  const isCreate = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
    method === "POST" && route === "/api/v2/activities"
  const end = new AbortController()
  const watched = watch(world, slot, end.signal)

  github.addUser(user)
  await persist(world, "POST", `/users/${user}/${1_000 + n}`)
  await arrives(add())
  await Promise.all([1, 2, 3].map(() => persist(world, "POST", "/scans")))
  await persist(world, "POST", `/scans?username=${user}`)
  await arrives(add())

  // An answer is lost, and what was done is found.
  pipedrive.injectFault({ kind: "lost" }, { when: isCreate })
  await arrives(add())
  // An answer is lost, and nothing was done; later it turns out that something was.
  pipedrive.injectFault({ kind: "reset" }, { when: isCreate })
  const late = add()
  await arrives(late)
  const { deal_id, note, type } = pipedrive.activities.find(({ subject }) => subject === late) ?? {}
  await fetch(new URL("/api/v2/activities", pipedrive.url), {
    method: "POST",
    headers: { "x-api-token": pipedrive.token, "content-type": "application/json" },
    body: JSON.stringify({ subject: late, deal_id, note, type })
  })
  await until("what was there twice is there once", async () => {
    world.advance("1 hour")
    await world.rest()
    return pipedrive.activities.filter(({ subject }) => subject === late).length === 1
  })
  // One is refused until it has failed, and is tried again by hand.
  let refuses = true
  pipedrive.injectFault(
    { kind: "status", status: 422, body: { success: false, error: "no" } },
    { times: Number.POSITIVE_INFINITY, when: (request) => refuses && isCreate(request) }
  )
  const refused = add()
  await until("a publication has failed", async () => (await retryFailed()) > 0)
  refuses = false
  await arrives(refused)
  // Pipedrive refuses the token for a while. The stored pause is deleted when a request succeeds again.
  let refusesToken = true
  pipedrive.injectFault(
    { kind: "status", status: 401, body: { success: false, error: "unauthorized" } },
    { times: Number.POSITIVE_INFINITY, when: () => refusesToken }
  )
  const held = add()
  await until("the refused token is reported", async () =>
    JSON.stringify(await persist(world, "GET", "/status")).includes("refuses the token")
  )
  refusesToken = false
  await arrives(held)
  // GitHub has had enough for a moment, then does not know a gist.
  github.injectFault({ kind: "primary-limit", resetInSeconds: 30 }, { when: ({ route }) => route === "/gists/{id}" })
  await arrives(add())
  github.injectFault({ kind: "status", status: 404 }, { when: ({ route }) => route === "/gists/{id}" })
  await arrives(add())
  // The server is stopped while it reads what it is about to publish.
  github.injectFault({ kind: "late" }, { when: ({ route }) => route === "/gists/{id}" })
  const asked = github.requests.length
  const interrupted = add()
  await until("the content is asked for", () =>
    github.requests.slice(asked).some(({ route }) => route === "/gists/{id}")
  )
  await slot.server.stop()
  github.release()
  await arrives(interrupted)
  // Somebody deletes the deal, with all that hangs on it: what comes next goes to a new one.
  const deal = pipedrive.deals.find(({ title }) => title === user)
  if (deal !== undefined) pipedrive.deleteDeal(deal.id)
  const next = add()
  await comesTrue("there is a new deal", () =>
    pipedrive.activities.some(({ deal_id, subject }) => subject === next && deal_id !== deal?.id)
  )
  for (const [file, owner] of books.files) if (owner === user && file !== next) books.files.delete(file)
  // People ask.
  for (const path of ["", "/gists", "/visits"]) await persist(world, "GET", `/users/${user}${path}`)
  for (const path of ["/users", "/scans", "/publications", "/status", "/ready", "/news", "/days"])
    await persist(world, "GET", path)
  await persist(world, "POST", `/latestgists/${user}`)
  const [visit] = (await persist(world, "GET", `/users/${user}/visits`)) as ReadonlyArray<{ readonly id: number }>
  if (visit !== undefined) await persist(world, "GET", `/users/${user}/visits/${visit.id}`)
  const [scan] = (await persist(world, "GET", "/scans")) as ReadonlyArray<{ readonly id: number }>
  if (scan !== undefined) await persist(world, "GET", `/scans/${scan.id}`)
  const [publication] = (await persist(world, "GET", "/publications")) as ReadonlyArray<{ readonly id: number }>
  if (publication !== undefined) await persist(world, "GET", `/publications/${publication.id}`)
  // The account gets another name, goes away, and is no longer followed.
  github.renameUser(user, `${user}-x`)
  await until("the new name is known", async () => {
    world.advance("1 hour")
    await world.rest()
    return JSON.stringify(await persist(world, "GET", "/users")).includes(`${user}-x`)
  })
  github.removeUser(`${user}-x`)
  await until("the account fails", async () => {
    const details = (await persist(world, "GET", `/users/${user}-x`)) as { readonly user?: { readonly state: string } }
    return details.user?.state === "failing"
  })
  await persist(world, "DELETE", `/users/${user}-x`)
  // Two want one number; one comes back under another.
  await persist(world, "POST", `/users/${user}-y/${2_000 + n}`)
  await persist(world, "POST", `/users/${user}-z/${2_000 + n}`)
  await persist(world, "POST", `/users/${user}-x/${3_000 + n}`)
  for (const name of [`${user}-x`, `${user}-y`]) await persist(world, "DELETE", `/users/${name}`)
  end.abort()
  await watched
}

/** Lives until no server can be killed at a step that is new, then lets everything come to rest. */
export const run = async (
  world: World,
  books: Books,
  steps: Steps,
  mayKill: (step: string) => boolean = () => true
) => {
  const stop = killEverywhere(world, steps, mayKill)
  for (let n = 1; ; n++) {
    const before = steps.killed.size
    await live(world, books, n)
    if (steps.killed.size === before) break
  }
  stop()
  return settle(world, books, { visits: false })
}
