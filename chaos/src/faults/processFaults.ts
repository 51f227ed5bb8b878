/** Faults of server processes: killed, stopped, paused, with a wrong clock. */
import type { Slot } from "../Slot.ts"
import type { World } from "../World.ts"
import { anySlot, atStatement, day, type FaultKind, isCreate, kill, minutes, toProcess } from "./FaultKind.ts"

const stopped = async (world: World, { server }: Slot, millis: number): Promise<void> => {
  server.pause()
  await world.time.sleep(millis)
  server.resume()
}

const pastTheLease = ({ random }: World): number => random.int(5, 9) * minutes

export const processFaults: ReadonlyArray<FaultKind> = [
  toProcess("kill -9 at a random instant", { weight: 6, act: (_, { server }) => void server.kill() }),
  atStatement("kill -9 before a statement", {
    theme: "processes",
    weight: 8,
    phase: "before",
    act: (_, slot) => kill(slot)
  }),
  atStatement("kill -9 after a statement", {
    theme: "processes",
    weight: 8,
    phase: "after",
    act: (_, slot) => kill(slot)
  }),
  {
    name: "kill -9 while Pipedrive works",
    theme: "processes",
    weight: 6,
    inject: (world) => {
      world.pipedrive.injectFault(
        { kind: "lost", how: "hang" },
        {
          when: (request) => {
            if (!isCreate(request)) return false
            world.noteStruck("kill -9 while Pipedrive works")
            void anySlot(world).server.kill()
            return true
          }
        }
      )
    }
  },
  toProcess("SIGTERM", { weight: 2, act: (_, { server }) => void server.stop() }),
  toProcess("SIGSTOP for seconds", {
    weight: 4,
    act: (world, slot) => void stopped(world, slot, world.random.int(1_000, 60_000))
  }),
  toProcess("SIGSTOP past every lease", {
    weight: 3,
    act: (world, slot) => void stopped(world, slot, pastTheLease(world))
  }),
  atStatement("SIGSTOP past the lease, at a statement", {
    theme: "processes",
    weight: 5,
    phase: "after",
    act: (world, slot) => {
      void stopped(world, slot, pastTheLease(world))
      return "pass"
    }
  }),
  toProcess("asleep for a day", {
    weight: 1,
    needs: "embedded",
    act: (world, slot) => {
      void stopped(world, slot, 10 * minutes).then(() => world.advance(day))
    }
  }),
  toProcess("asleep for minutes, and a day ahead then", {
    weight: 1,
    needs: "postgres",
    act: (world, slot) => {
      void stopped(world, slot, 10 * minutes).then(() => slot.server.order({ type: "skew", millis: day }))
    }
  }),
  // Not for the embedded database, which has the process's clock and needs it not to jump.
  toProcess("the clock jumps", {
    weight: 4,
    needs: "postgres",
    act: ({ random }, { server }) => {
      void server.order({ type: "skew", millis: random.int(-60, 60) * minutes })
    }
  })
]
