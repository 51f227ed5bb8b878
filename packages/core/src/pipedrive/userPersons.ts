/** The person of each user, as this process knows them, for items that need one. */
import { Cache, DateTime, Duration, Effect, Exit } from "effect"
import { NotYet, type Recipient, SinkError } from "../publish/Sink.ts"
import type { Persons } from "./persons.ts"

/** How long a user's person is taken from memory. */
const memory = Duration.minutes(10)

/** How long files wait for a person whom somebody has to add, before a search of 20 tokens asks again. */
const choosing = Duration.days(1)

const capacity = 10_000

const keyOf = ({ profile, userKey, username }: Recipient): Recipient => ({
  userKey,
  username,
  ...(profile === undefined ? {} : { profile })
})

export const make = Effect.fnUntraced(function* (persons: Persons) {
  /** Files of one user are published side by side: they share one search for the person. */
  const found = yield* Cache.makeWith(
    (recipient: Recipient) =>
      Effect.all({
        id: persons.find(recipient),
        until: Effect.map(DateTime.now, (now) => DateTime.addDuration(now, choosing))
      }),
    {
      capacity,
      timeToLive: Exit.match({
        onFailure: () => Duration.zero,
        onSuccess: ({ id }) => (id === undefined ? choosing : memory)
      })
    }
  )

  return {
    /** The person named for the user, else the one that is found or created. Fails with `NotYet` while there is none. */
    of: Effect.fnUntraced(function* (recipient: Recipient): Effect.fn.Return<number, SinkError> {
      // Read with the file, so that no process goes on with another person from memory.
      if (typeof recipient.chosenPerson === "number") return recipient.chosenPerson
      const { id, until } = yield* Cache.get(found, keyOf(recipient))
      if (id !== undefined) return id
      const { username } = recipient
      const message = `Pipedrive has no person for ${username}, and a lead needs one. Name one by \`gitpip track ${username} --person ID\`, or set GITPIP_PERSON=create`
      return yield* new SinkError({ reason: new NotYet({ message, retryAt: until }) })
    }),
    /** Forgets a person whom Pipedrive refused. */
    forget: (recipient: Recipient, id: number): Effect.Effect<void> =>
      Effect.andThen(Cache.invalidate(found, keyOf(recipient)), persons.forget(recipient, id))
  }
})
