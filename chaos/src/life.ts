/** A life in which everything happens that a server can do, for a server that may be killed at any moment. */
import { askEverything, confuseNumbers, followPersons, forget, outliveHistory } from "./commands.ts"
import {
  begin,
  comesTrue,
  count,
  isCreate,
  type Life,
  numberIn,
  persist,
  publicationIn,
  publishesLeads,
  watch
} from "./living.ts"
import type { Books } from "./people.ts"
import type { World } from "./World.ts"

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
  await followPersons(life)
  await forget(life, n)
  await outliveHistory(life)
  await renameAndRemove(life)
  await confuseNumbers(life, n)
  end.abort()
  await watched
}

const track = async ({ add, arrives, user, world }: Life, n: number) => {
  world.github.addUser(user)
  world.github.setProfile(user, { company: `Company of ${user}` })
  await persist(world, "POST", `/users/${user}/${numberIn(n)}?exclude=*.tmp`)
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
  const twice = publishesLeads(world)
    ? await deliverTwice({ add, arrives, world })
    : await appearLate({ add, arrives, world })
  await world.until("the duplicate is deleted", async () => {
    world.advance("1 hour")
    await world.rest()
    return count(world, twice) === 1
  })
}

/** The answer is lost, and nothing was done. Later an activity appears nevertheless. */
const appearLate = async ({ add, arrives, world: { pipedrive } }: Pick<Life, "add" | "arrives" | "world">) => {
  pipedrive.injectFault({ kind: "reset" }, { when: isCreate })
  const late = add()
  await arrives(late)
  const { deal_id, note, type } = pipedrive.activities.find(({ subject }) => subject === late) ?? {}
  await fetch(new URL("/api/v2/activities", pipedrive.url), {
    method: "POST",
    headers: { "x-api-token": pipedrive.token, "content-type": "application/json" },
    body: JSON.stringify({ subject: late, deal_id, note, type })
  })
  return late
}

/** A create is delivered twice, and its answer is lost. */
const deliverTwice = async ({ add, arrives, world: { pipedrive } }: Pick<Life, "add" | "arrives" | "world">) => {
  pipedrive.injectFault({ kind: "twice" }, { when: isCreate })
  const twice = add()
  await arrives(twice)
  return twice
}

/** Pipedrive refuses one file until its publication fails. A person skips the publication, and retries it later. */
const refuseOneFile = async ({ add, arrives, world }: Life) => {
  let refuses = true
  world.pipedrive.injectFault(
    { kind: "status", status: 422, body: { success: false, error: "no" } },
    { times: Number.POSITIVE_INFINITY, when: (request) => refuses && isCreate(request) }
  )
  const refused = add()
  const id = await publicationIn(world, "failed", refused)
  await persist(world, "POST", `/publications/${id}/skip`)
  await publicationIn(world, "skipped", refused)
  refuses = false
  await persist(world, "POST", `/publications/${id}/retry`)
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
  if (publishesLeads(world)) return
  const deal = pipedrive.deals.find(({ title }) => title === user)
  if (deal !== undefined) pipedrive.deleteDeal(deal.id)
  const next = add()
  await comesTrue(world, "there is a new deal", () =>
    pipedrive.activities.some(({ deal_id, subject }) => subject === next && deal_id !== deal?.id)
  )
  for (const [file, owner] of books.files) if (owner === user && file !== next) books.files.delete(file)
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
