/** The end of a run: everything is mended, and left alone until nothing is left to do or nothing gets on any more. */
import { setTimeout as pause } from "node:timers/promises"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import * as Oracle from "./Oracle.ts"
import type { Books } from "./people.ts"
import type { Slot, World } from "./World.ts"

/**
 * Without progress for so long, in real time and in that of the servers, nobody waits for it any more. The longest honest
 * waits are of a day: for Pipedrive's next one, and for a user who failed again and again.
 */
const patience = { real: 15_000, served: 30 * 3_600_000 }

/** While nothing gets on, all clocks jump this far this often. */
const jump = { every: 500, by: 3_600_000 }

/** What keeps whom waiting, for a person to read. */
export const dump = async (world: World): Promise<string> => {
  const parts: Array<string> = []
  if (world.database !== undefined) {
    const questions = {
      "who waits for what": `select pid, state, wait_event_type, wait_event, pg_blocking_pids(pid) as blocked_by, left(query, 100) as query
        from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      publications: `select state, error_reason, count(*) as n, min(due_at) as due, min(sent_at) as sent, max(lease_until) as lease, min(audit_at) as audit
        from publications group by 1, 2`,
      scans: "select key, state, users, files, reason, message, lease_until from scans order by key desc limit 5",
      users: "select username, failures, retry_at, error_reason from users",
      deals: "select * from deals",
      doors: "select * from doors",
      retractions: "select * from retractions"
    }
    const asked = Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      for (const [title, question] of Object.entries(questions)) {
        const rows = yield* sql.unsafe(question)
        parts.push(
          `${title}:`,
          ...rows.map((row) => `  ${JSON.stringify(row, (_, v) => (typeof v === "bigint" ? Number(v) : v))}`)
        )
      }
    }).pipe(
      Effect.provide(PgClient.layer({ url: Redacted.make(world.database.href), maxConnections: 1 })),
      Effect.scoped
    )
    await Effect.runPromise(asked).catch((error) => parts.push(`the database does not tell: ${error}`))
  }
  for (const { index, server } of world.slots) {
    parts.push(
      `server ${index}: ${server.alive() ? "lives" : "is dead"}${server.paused() ? ", paused" : ""}`,
      ...server.output().split("\n").slice(-15)
    )
  }
  return parts.join("\n")
}

/** Nothing is wrong with the world any more. */
export const mend = (world: World): void => {
  world.github.behave()
  world.pipedrive.behave()
  world.github.release()
  world.pipedrive.release()
  world.front.present("trusted")
  for (const slot of world.slots) {
    slot.triggers.length = 0
    slot.slowness = 0
    if (slot.proxy !== undefined) slot.proxy.mode = "open"
    if (slot.server.paused()) slot.server.resume()
    void slot.server.order({ type: "disk", full: false })
    void slot.server.order({ type: "dns", broken: false })
  }
}

export interface Settled {
  readonly verdict: Oracle.Verdict
  /** Empty when everything came to rest. */
  readonly dump: string
  /** Publications that failed for good, and were tried again by hand. */
  readonly retried: number
}

/** Waits are shortened by jumps of the clock, since an hour of an idle process proves nothing. */
export const settle = async (
  world: World,
  books: Books,
  options: { readonly visits: boolean } = { visits: true }
): Promise<Settled> => {
  mend(world)
  let retried = 0
  let progress = ""
  let since = performance.now()
  let jumped = since
  let jumps = 0
  let quiet = 0
  const slot = world.slots[0] as Slot
  for (;;) {
    await pause(150)
    const now = performance.now()
    if (now - jumped > jump.every) {
      jumped = now
      jumps++
      world.jump(jump.by)
    }
    const found = Oracle.publications(world, books)
    const state = await status(world, slot)
    if (state !== undefined && state.failed > 0) {
      for (const { id } of (
        await world.call(slot, "GET", "/publications?state=failed&limit=1000").catch(() => ({ json: [] }))
      ).json as ReadonlyArray<{ id: number }>) {
        await world.call(slot, "POST", `/publications/${id}/retry`).catch(() => undefined)
        retried++
      }
    }
    const present = JSON.stringify([found.lost.length, found.doubled.length, found.twinDeals.length, state])
    if (present !== progress) {
      progress = present
      since = now
      jumps = 0
    }
    const rest = state !== undefined && state.pending + state.sending + state.failed === 0
    const right = found.lost.length + found.doubled.length + found.twinDeals.length + found.misplaced.length === 0
    // For a while longer, so that an audit or a late scan can still spoil it.
    quiet = rest && right ? quiet + 1 : 0
    const stuck = now - since > patience.real && jumps * jump.by > patience.served
    if (quiet < 20 && !stuck) continue
    const visits = options.visits ? await Oracle.visits(world, books, slot).catch((error) => [String(error)]) : []
    const verdict = { ...Oracle.publications(world, books), visits, leaks: world.leaks }
    return { verdict, retried, dump: rest && Oracle.isClean(verdict) ? "" : await dump(world) }
  }
}

interface Waiting {
  readonly pending: number
  readonly sending: number
  readonly failed: number
}

const status = async (world: World, slot: Slot): Promise<Waiting | undefined> => {
  try {
    const { json } = await world.call(slot, "GET", "/status")
    const { failed, pending, sending } = (json as { publications: Waiting }).publications
    return { pending, sending, failed }
  } catch {
    return undefined
  }
}
