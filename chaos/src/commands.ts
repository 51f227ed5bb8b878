/** The chapters of a life that are about commands: what people ask of a server that may die before it answers. */
import { comesTrue, count, type Life, numberIn, persist } from "./living.ts"
import { personField } from "./World.ts"

export const askEverything = async ({ user, world }: Life) => {
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

/** Two users want one number, and a removed user returns under another. */
export const confuseNumbers = async ({ user, world }: Life, n: number) => {
  await persist(world, "POST", `/users/${user}-y/${numberIn(n, 2_000)}`)
  await persist(world, "POST", `/users/${user}-z/${numberIn(n, 2_000)}`)
  await persist(world, "POST", `/users/${user}-x/${numberIn(n, 3_000)}`)
  for (const name of [`${user}-x`, `${user}-y`]) await persist(world, "DELETE", `/users/${name}`)
}

/**
 * A person has the user erased. A server that dies meanwhile leaves the user whole or gone, and the repeated call finishes. No
 * list tracks the user again, and no file is published again when somebody does.
 */
export const forget = async (life: Life, n: number): Promise<void> => {
  const { add, arrives, slot, user, world } = life
  const historyOf = async () => {
    const { json, status } = await world.call(slot, "GET", `/users/${user}/gists`)
    return status === 404 ? "gone" : `${(json as ReadonlyArray<unknown>).length} files`
  }
  const whole = `${((await persist(world, "GET", `/users/${user}/gists`)) as ReadonlyArray<unknown>).length} files`
  await world.until(`${user} is forgotten`, async () => {
    const history = await historyOf().catch(() => whole)
    if (history !== whole && history !== "gone") throw new Error(`${user} is erased in part: ${history} of ${whole}`)
    const answer = await world.call(slot, "DELETE", `/users/${user}/data`).catch(() => undefined)
    // A server that died behind the erasing has not answered, and then there is nobody to erase.
    return answer?.status === 200 || answer?.status === 404
  })
  if ((await historyOf().catch(() => "gone")) !== "gone") throw new Error(`${user} was forgotten, and is there`)
  if (n === 1) for (const login of bots) world.github.addUser(login, { type: "Bot" })
  await readList(life)
  // Pipedrive's search shows the user's deal some seconds after its creation.
  world.advance("1 minute")
  await world.rest()
  await persist(world, "POST", `/users/${user}/${numberIn(n)}?exclude=*.tmp`)
  await arrives(add())
}

/** A full page of accounts that are no users. */
const bots = Array.from({ length: 100 }, (_, n) => `bot-${n}`)

/** Tracks the members of an organization, from two pages of a list. */
const readList = async ({ user, world }: Life) => {
  const { github } = world
  const listed = `${user}-l`
  github.addUser(listed)
  github.setMembers(`org-${user}`, [...bots, listed, user])
  const states: Array<string> = []
  for (let isEnd = false; !isEnd; ) {
    const page = (await persist(world, "POST", `/contacts?source=org:org-${user}`)) as {
      readonly next: string | null
      readonly contacts: ReadonlyArray<{ readonly login: string; readonly state: string }>
    }
    states.push(...page.contacts.map(({ login, state }) => `${login} ${state}`))
    isEnd = page.next === null
  }
  if (!states.includes(`${user} forgotten`)) throw new Error(`A list tracks ${user} again: ${states.join()}`)
  await persist(world, "DELETE", `/users/${listed}`)
}

/** A salesperson names a user in a person's field, and the server tracks the user. */
export const followPersons = async ({ books, user, world }: Life): Promise<void> => {
  if (world.env.GITPIP_FOLLOW_PIPEDRIVE === undefined) return
  const followed = `${user}-f`
  const file = `${followed}.md`
  world.github.addUser(followed)
  books.files.set(file, followed)
  world.github.addGist(followed, { files: { [file]: "# followed" } })
  world.pipedrive.addPerson({ name: followed, custom_fields: { [personField.key]: followed } })
  await comesTrue(world, `${file} is in Pipedrive`, () => count(world, file) > 0)
  await persist(world, "DELETE", `/users/${followed}`)
}

/** A day and more passes: after the next scan the history of this life's beginning is deleted. */
export const outliveHistory = async ({ add, arrives, world }: Life): Promise<void> => {
  if (world.env.GITPIP_KEEP_HISTORY === undefined) return
  world.advance("25 hours")
  await world.rest()
  await persist(world, "POST", "/scans")
  await arrives(add())
}
