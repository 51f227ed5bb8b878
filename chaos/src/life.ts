/** A life in which everything happens that a server can do, for a server that may be killed at any moment. */
import type { Books } from "./people.ts"
import type { Slot } from "./Slot.ts"
import type { World } from "./World.ts"

interface Life {
  readonly world: World
  readonly slot: Slot
  readonly books: Books
  /** The GitHub user whose gists this life is about. */
  readonly user: string
  /** Publishes a gist with one new file. Returns the file's name. */
  readonly add: () => string
  /** Completes once the file is in Pipedrive. */
  readonly arrives: (file: string) => Promise<void>
}

/** Lives once. `n` distinguishes lives. */
export const live = async (world: World, books: Books, n: number): Promise<void> => {
  const life = begin(world, books, `user-${n}`)
  const end = new AbortController()
  const watched = watch(world, life.slot, end.signal)
  await track(life, n)
  await loseAnswers(life)
  await refuseOneFile(life)
  await refuseToken(life)
  await failAtGithub(life)
  await stopWhileReading(life)
  await deleteDeal(life)
  await askEverything(life)
  await renameAndRemove(life)
  await confuseNumbers(life, n)
  end.abort()
  await watched
}

const begin = (world: World, books: Books, user: string): Life => {
  let files = 0
  return {
    world,
    slot: world.slots[0] as Slot,
    books,
    user,
    add: () => {
      const file = `${user}-${files++}.md`
      books.files.set(file, user)
      world.github.addGist(user, { files: { [file]: `# ${file}` } })
      return file
    },
    arrives: (file) =>
      comesTrue(world, `${file} is in Pipedrive`, () =>
        world.pipedrive.activities.some(({ subject }) => subject === file)
      )
  }
}

/** Asks until the server answers: the server may be dead at any moment. */
const persist = async (world: World, method: string, path: string) => {
  let json: unknown
  await world.until(`${method} ${path} is answered`, async () => {
    const answer = await world.call(world.slots[0] as Slot, method, path).catch(() => undefined)
    json = answer?.json
    return answer !== undefined && answer.status < 500
  })
  return json
}

/** Retries failed publications by hand: a server that is killed often enough uses up all tries of a publication. */
const retryFailed = async (world: World): Promise<number> => {
  const failed = (await persist(world, "GET", "/publications?state=failed")) as ReadonlyArray<{ readonly id: number }>
  for (const { id } of failed) await persist(world, "POST", `/publications/${id}/retry`)
  return failed.length
}

const comesTrue = (world: World, what: string, holds: () => boolean) =>
  world.until(what, async () => {
    if (!holds()) await retryFailed(world)
    return holds()
  })

/** Reads events, from one server to the next, until the signal. */
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

const isCreate = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
  method === "POST" && route === "/api/v2/activities"

const track = async ({ add, arrives, user, world }: Life, n: number) => {
  world.github.addUser(user)
  await persist(world, "POST", `/users/${user}/${1_000 + n}?exclude=*.tmp`)
  await arrives(add())
  await Promise.all([1, 2, 3].map(() => persist(world, "POST", "/scans")))
  await persist(world, "POST", `/scans?username=${user}`)
  await arrives(add())
}

const loseAnswers = async ({ add, arrives, world }: Life) => {
  const { pipedrive } = world
  // The answer is lost, and a lookup finds the activity.
  pipedrive.injectFault({ kind: "lost" }, { when: isCreate })
  await arrives(add())
  // The answer is lost, and nothing was done. Later an activity appears nevertheless.
  pipedrive.injectFault({ kind: "reset" }, { when: isCreate })
  const late = add()
  await arrives(late)
  const { deal_id, note, type } = pipedrive.activities.find(({ subject }) => subject === late) ?? {}
  await fetch(new URL("/api/v2/activities", pipedrive.url), {
    method: "POST",
    headers: { "x-api-token": pipedrive.token, "content-type": "application/json" },
    body: JSON.stringify({ subject: late, deal_id, note, type })
  })
  await world.until("the duplicate is deleted", async () => {
    world.advance("1 hour")
    await world.rest()
    return pipedrive.activities.filter(({ subject }) => subject === late).length === 1
  })
}

/** Pipedrive refuses one file until its publication fails, and a person retries the publication. */
const refuseOneFile = async ({ add, arrives, world }: Life) => {
  let refuses = true
  world.pipedrive.injectFault(
    { kind: "status", status: 422, body: { success: false, error: "no" } },
    { times: Number.POSITIVE_INFINITY, when: (request) => refuses && isCreate(request) }
  )
  const refused = add()
  await world.until("a publication has failed", async () => (await retryFailed(world)) > 0)
  refuses = false
  await arrives(refused)
}

/** Pipedrive refuses the token for a while. The stored pause is deleted when a request succeeds again. */
const refuseToken = async ({ add, arrives, world }: Life) => {
  let refusesToken = true
  world.pipedrive.injectFault(
    { kind: "status", status: 401, body: { success: false, error: "unauthorized" } },
    { times: Number.POSITIVE_INFINITY, when: () => refusesToken }
  )
  const held = add()
  await world.until("the refused token is reported", async () =>
    JSON.stringify(await persist(world, "GET", "/status")).includes("refuses the token")
  )
  refusesToken = false
  await arrives(held)
}

/** GitHub limits requests for a moment, then does not know a gist. */
const failAtGithub = async ({ add, arrives, world }: Life) => {
  const { github } = world
  github.injectFault({ kind: "primary-limit", resetInSeconds: 30 }, { when: ({ route }) => route === "/gists/{id}" })
  await arrives(add())
  github.injectFault({ kind: "status", status: 404 }, { when: ({ route }) => route === "/gists/{id}" })
  await arrives(add())
}

/** The server is stopped while it reads the content that it is about to publish. */
const stopWhileReading = async ({ add, arrives, slot, world }: Life) => {
  const { github } = world
  github.injectFault({ kind: "late" }, { when: ({ route }) => route === "/gists/{id}" })
  const asked = github.requests.length
  const interrupted = add()
  await world.until("the content is asked for", () =>
    github.requests.slice(asked).some(({ route }) => route === "/gists/{id}")
  )
  await slot.server.stop()
  github.release()
  await arrives(interrupted)
}

/** A person deletes the deal with all its activities. The next file goes to a new deal. */
const deleteDeal = async ({ add, books, user, world }: Life) => {
  const { pipedrive } = world
  const deal = pipedrive.deals.find(({ title }) => title === user)
  if (deal !== undefined) pipedrive.deleteDeal(deal.id)
  const next = add()
  await comesTrue(world, "there is a new deal", () =>
    pipedrive.activities.some(({ deal_id, subject }) => subject === next && deal_id !== deal?.id)
  )
  for (const [file, owner] of books.files) if (owner === user && file !== next) books.files.delete(file)
}

const askEverything = async ({ user, world }: Life) => {
  const get = (path: string) => persist(world, "GET", path)
  const firstOf = async (path: string) => ((await get(path)) as ReadonlyArray<{ readonly id: number }>)[0]
  for (const path of ["", "/gists", "/visits"]) await get(`/users/${user}${path}`)
  for (const path of ["/users", "/scans", "/publications", "/status", "/ready", "/news", "/days"]) await get(path)
  await persist(world, "POST", `/latestgists/${user}`)
  for (const path of [`/users/${user}/visits`, "/scans", "/publications"]) {
    const first = await firstOf(path)
    if (first !== undefined) await get(`${path}/${first.id}`)
  }
}

/** The account gets another name, disappears, and is no longer tracked. */
const renameAndRemove = async ({ user, world }: Life) => {
  const { github, until } = world
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
}

/** Two users want one number, and a removed user returns under another. */
const confuseNumbers = async ({ user, world }: Life, n: number) => {
  await persist(world, "POST", `/users/${user}-y/${2_000 + n}`)
  await persist(world, "POST", `/users/${user}-z/${2_000 + n}`)
  await persist(world, "POST", `/users/${user}-x/${3_000 + n}`)
  for (const name of [`${user}-x`, `${user}-y`]) await persist(world, "DELETE", `/users/${name}`)
}
