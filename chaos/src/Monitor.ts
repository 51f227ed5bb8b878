/** Whether anything in a world has work to do: servers, both services, PostgreSQL. */
import { setImmediate as turn } from "node:timers/promises"
import type { World } from "./World.ts"

export type Parts = Pick<World, "time" | "github" | "pipedrive" | "front" | "postgres" | "database" | "slots">

interface Observation {
  /** Equal in two observations when nothing happened between them. */
  readonly state: string
  readonly isBusy: boolean
  /** Milliseconds until the next timer of a server. */
  readonly wait: number
}

/** Watches a world for work. */
export interface Monitor {
  /** How much has come through all proxies and services. */
  readonly seen: () => number
  /** Requests to both services. */
  readonly requests: () => number
  /** Answers or handshakes under way, which the caller may still use after they ended here. */
  readonly isAnswering: () => boolean
  /** Whether PostgreSQL has received a statement and not answered it. */
  readonly hasStatement: () => boolean
  /** Whether PostgreSQL works at a statement, rather than waits for a lock. */
  readonly isPostgresWorking: () => Promise<boolean>
  readonly observe: () => Promise<Observation>
}

export const make = ({ database, front, github, pipedrive, postgres, slots }: Parts): Monitor => {
  const requests = () => github.count() + pipedrive.count()
  const seen = () => requests() + front.seen() + slots.reduce((sum, { proxy }) => sum + (proxy?.seen() ?? 0), 0)
  const answers = () => [github.underWay(), pipedrive.underWay()]

  const observe = async (): Promise<Observation> => {
    // A paused or dead server cannot report, and has nothing to do.
    const reports = await Promise.all(
      slots.map(({ server }) =>
        server.alive() && !server.paused() ? server.order({ type: "report" }) : Promise.resolve(undefined)
      )
    )
    // Reads what has arrived meanwhile.
    await turn()
    const pids = slots.map(({ server }) => `${server.pid} ${server.alive()} ${server.paused()}`)
    const written = answers().map(({ written }) => written)
    // A paused client never completes its connection.
    const isConnecting = slots.some(({ proxy, server }) => !server.paused() && (proxy?.starting() ?? 0) > 0)
    return {
      state: [seen(), ...written, ...pids, ...reports.map((report) => report?.turns)].join(),
      isBusy: reports.some((report) => report?.isBusy === true) || isConnecting,
      wait: Math.min(...reports.map((report) => report?.wait ?? Number.POSITIVE_INFINITY))
    }
  }

  return {
    seen,
    requests,
    isAnswering: () => front.starting() > 0 || answers().some(({ answering }) => answering > 0),
    hasStatement: () => slots.some(({ proxy }) => (proxy?.underWay() ?? 0) > 0),
    isPostgresWorking: async () =>
      postgres !== undefined && database !== undefined && (await postgres.isWorking(database)),
    observe
  }
}
