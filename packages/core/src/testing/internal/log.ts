/** The log of requests and its counters. */
import { Effect } from "effect"
import type { LoggedRequest } from "../FakeService.ts"

interface Waiter<Route extends string> {
  readonly count: number
  readonly when: (request: LoggedRequest<Route>) => boolean
  readonly done: () => void
}

export interface RequestLog<Route extends string> {
  readonly requests: ReadonlyArray<LoggedRequest<Route>>
  readonly add: (request: LoggedRequest<Route>) => void
  readonly clear: () => void
  readonly count: (method?: string, route?: Route, status?: LoggedRequest["status"]) => number
  readonly seen: (count: number, when?: (request: LoggedRequest<Route>) => boolean) => Effect.Effect<void>
}

export const makeRequestLog = <Route extends string>(keep: boolean): RequestLog<Route> => {
  const requests: Array<LoggedRequest<Route>> = []
  // By template, not by path: a benchmark asks about millions of different users.
  const counters = new Map<string, { readonly request: LoggedRequest<Route>; times: number }>()
  const waiters = new Set<Waiter<Route>>()
  const enough = (waiter: Waiter<Route>) => requests.filter(waiter.when).length >= waiter.count
  return {
    requests,
    add: (request) => {
      const key = `${request.method} ${request.route} ${request.status}`
      const counter = counters.get(key)
      if (counter === undefined) counters.set(key, { request, times: 1 })
      else counter.times += 1
      if (!keep) return
      requests.push(request)
      for (const waiter of waiters) if (enough(waiter)) waiter.done()
    },
    clear: () => {
      requests.length = 0
      counters.clear()
    },
    count: (method, route, status) => {
      let total = 0
      for (const { request, times } of counters.values()) {
        if (method !== undefined && request.method !== method) continue
        if (route !== undefined && request.route !== route) continue
        if (status !== undefined && request.status !== status) continue
        total += times
      }
      return total
    },
    seen: (count, when = () => true) =>
      keep
        ? Effect.callback<void>((resume) => {
            const waiter: Waiter<Route> = {
              count,
              when,
              done: () => {
                waiters.delete(waiter)
                resume(Effect.void)
              }
            }
            if (enough(waiter)) waiter.done()
            else waiters.add(waiter)
            return Effect.sync(() => waiters.delete(waiter))
          })
        : Effect.die(new Error("A fake made with `log: false` keeps no requests"))
  }
}
