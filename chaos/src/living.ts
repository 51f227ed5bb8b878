/** What each life is made of: a user's files, calls that outlast the server's death, and waits. */
import { published } from "./Oracle.ts"
import type { Books } from "./people.ts"
import type { Slot } from "./Slot.ts"
import type { World } from "./World.ts"

export interface Life {
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

/** A number for a user of the n-th life, far from those of other lives: accounts of lists get the next free ones. */
export const numberIn = (n: number, offset = 0): number => 10_000 * n + offset

/** Whether the world's servers publish leads. */
export const publishesLeads = ({ env }: Pick<World, "env">): boolean => env.GITPIP_PUBLISH_AS === "lead"

/** How often a file is in Pipedrive. */
export const count = ({ pipedrive }: World, file: string): number =>
  published(pipedrive).filter((one) => one.file === file).length

export const begin = (world: World, books: Books, user: string): Life => {
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
    arrives: (file) => comesTrue(world, `${file} is in Pipedrive`, () => count(world, file) > 0)
  }
}

/** Asks until the server answers: the server may be dead at any moment. */
export const persist = async (world: World, method: string, path: string) => {
  let json: unknown
  await world.until(`${method} ${path} is answered`, async () => {
    const answer = await world.call(world.slots[0] as Slot, method, path).catch(() => undefined)
    json = answer?.json
    return answer !== undefined && answer.status < 500
  })
  return json
}

/** The file's publication, once it is in this state. */
export const publicationIn = async (world: World, state: string, file: string): Promise<number> => {
  let id: number | undefined
  await world.until(`${file} is ${state}`, async () => {
    const found = (await persist(world, "GET", `/publications?state=${state}`)) as ReadonlyArray<{
      readonly id: number
      readonly filename: string
    }>
    id = found.find(({ filename }) => filename === file)?.id
    return id !== undefined
  })
  return id as number
}

/** Retries failed publications by hand: a server that is killed often enough uses up all tries of a publication. */
const retryFailed = (world: World) => persist(world, "POST", "/publications/retry")

export const comesTrue = (world: World, what: string, holds: () => boolean) =>
  world.until(what, async () => {
    if (!holds()) await retryFailed(world)
    return holds()
  })

export const isCreate = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
  method === "POST" && (route === "/api/v2/activities" || route === "/api/v1/leads")

/** Reads events, from one server to the next, until the signal. */
export const watch = async ({ time }: World, slot: Slot, signal: AbortSignal): Promise<void> => {
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
