/**
 * What both fakes share: the log of requests, and faults on request.
 *
 * Guarantees: a fake handles each request in one synchronous step once the body has arrived whole, in order of arrival. So
 * a check of the fake's state after an answer sees everything that the answer did. Only `drip` waits on a timer.
 *
 * Hazard: faults strike in the order they were queued, at the first request that their `when` accepts. With `times:
 * Infinity` a fault stays until `clearFaults()`.
 */
import type { Effect } from "effect"

/** A request as it arrived. `route` is the template its path fits, `undefined` for addresses the service lacks. */
export interface FakeRequest<Route extends string = string> {
  /** Epoch milliseconds of the clock the fake was made with. */
  readonly at: number
  readonly method: string
  /** As sent, still percent-encoded, without the query. */
  readonly path: string
  readonly route: Route | undefined
  /** The decoded values of the template's placeholders, in order. */
  readonly params: ReadonlyArray<string>
  /** Of a repeated key, the last value. */
  readonly query: Readonly<Record<string, string>>
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** The parsed JSON; absent when there was no body or it was not JSON. */
  readonly body?: unknown
}

/** `status` is that of the answer. `lost` stands for each answer that did not report the work that was done. */
export interface LoggedRequest<Route extends string = string> extends FakeRequest<Route> {
  readonly status: number | "reset" | "hang" | "lost"
}

/** Faults that any service on the internet shows. Each service adds its own kinds. */
export type Fault =
  /** An answer of your choice. A body that is not a string is sent as JSON. Nothing is done. */
  | {
      readonly kind: "status"
      readonly status: number
      readonly body?: unknown
      readonly headers?: Readonly<Record<string, string>>
    }
  /** A page as proxies send it. Nothing is done. */
  | { readonly kind: "html"; readonly status: number }
  /** The work is done; the answer is `200` with the first half of its JSON. */
  | { readonly kind: "garbage" }
  /** The connection is reset before anything is done. */
  | { readonly kind: "reset" }
  /** No answer until the fake closes, and nothing is done. */
  | { readonly kind: "hang" }
  /** The work is done, and then the connection is reset, or never answered, or answered with an error (`504`). */
  | { readonly kind: "lost"; readonly how?: "reset" | "hang" | "status"; readonly status?: number }
  /** The work is done, and the answer is held until `release()`. */
  | { readonly kind: "late" }
  /** The request was delivered twice on its way: the work is done twice, and then the connection is reset. */
  | { readonly kind: "twice" }
  /** The work is done, and the answer comes byte by byte, twenty in a second of real time. */
  | { readonly kind: "drip" }
  /** The work is done, and the answer never ends. It is sent as fast as it is read. */
  | { readonly kind: "endless" }
  /**
   * Any answer, composed of parts, as a server, a proxy or a firewall may send it. A missing part is the true answer's, and
   * there is no true answer when the work is not done.
   */
  | {
      readonly kind: "respond"
      readonly status?: number
      /** Beside the true answer's, or in place of them. `undefined` leaves a header out. */
      readonly headers?: (request: FakeRequest) => Readonly<Record<string, string | undefined>>
      /** A body that is neither a string nor bytes is sent as JSON. */
      readonly body?: unknown
      /** Whether the service does the work. Default: only for a `GET`. */
      readonly work?: boolean
      /**
       * How the body ends. `cut`: the connection breaks in the middle of it. `slow`: it stops in the middle, until the caller
       * gives up. `endless`: it never ends, and is sent as fast as it is read.
       */
      readonly ending?: "whole" | "cut" | "slow" | "endless"
    }
  /** Sends the caller elsewhere. Nothing is done. */
  | { readonly kind: "redirect"; readonly location: string; readonly status?: 301 | 302 | 303 | 307 | 308 }

/** Which requests a fault concerns, and how often. */
export interface FaultOptions<Route extends string = string> {
  /** How many requests the fault strikes. Default 1. */
  readonly times?: number
  /** Which requests the fault strikes. Default: any. */
  readonly when?: (request: FakeRequest<Route>) => boolean
}

/** What both fakes offer: an address, the requests that came, and faults on request. */
export interface FakeService<Route extends string, OwnFault> {
  /** The origin, on loopback, with a trailing slash. */
  readonly url: URL
  /** Every request since the last `clearRequests`, as a live view in order of arrival; empty with `log: false`. */
  readonly requests: ReadonlyArray<LoggedRequest<Route>>
  /** Empties the log and resets the counters. */
  readonly clearRequests: () => void
  /** How many requests arrived, by method, route and status. Needs no log. */
  readonly count: (method?: string, route?: Route, status?: LoggedRequest["status"]) => number
  /** Completes once the log holds `count` requests that `when` accepts. Needs the log. */
  readonly seen: (count: number, when?: (request: LoggedRequest<Route>) => boolean) => Effect.Effect<void>
  readonly injectFault: (fault: Fault | OwnFault, options?: FaultOptions<Route>) => void
  /** Forgets all queued faults. Answers held by `late` stay held. */
  readonly clearFaults: () => void
  /** Sends every answer held by `late`. Returns how many there were. */
  readonly release: () => number
  /**
   * Responses under way, bytes written of them, and requests of which a fault holds back even the status line. For tests
   * with virtual time.
   */
  readonly underWay: () => { readonly answering: number; readonly held: number; readonly written: number }
}

/** Where a fake listens, and what it accepts. */
export interface FakeServiceOptions {
  /** Default: any free port. */
  readonly port?: number
  /** The host in the fake's own addresses. Default `127.0.0.1`; `localhost` makes callers resolve a name. */
  readonly host?: "127.0.0.1" | "localhost"
  /** `false` keeps counters only, for benchmarks. Default `true`. */
  readonly log?: boolean
}
