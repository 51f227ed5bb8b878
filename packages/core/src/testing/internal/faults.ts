/**
 * Faults as data: each kind becomes a plan, which says whether the work is done and what happens to the answer.
 */
import type { FakeRequest, Fault, FaultOptions } from "../FakeService.ts"
import { htmlReply, JSON_TYPE, jsonReply, type Reply } from "./reply.ts"

export interface Plan {
  /** How often the service does what it was asked. */
  readonly work: 0 | 1 | 2
  readonly ending: "send" | "hold" | "reset" | "hang" | "drip" | "endless" | "cut" | "stall"
  /** What is sent instead of the true answer. */
  readonly reply?: (answer: Reply | undefined) => Reply
}

type Plans = {
  readonly [K in Fault["kind"]]: (fault: Extract<Fault, { kind: K }>, request: FakeRequest) => Plan
}

const plans: Plans = {
  status: ({ status, body, headers }) => ({
    work: 0,
    ending: "send",
    reply: () =>
      typeof body === "string" || body === undefined
        ? { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers }, body: body ?? "" }
        : jsonReply(status, body, headers)
  }),
  html: ({ status }) => ({ work: 0, ending: "send", reply: () => htmlReply(status) }),
  garbage: () => ({ work: 1, ending: "send", reply: cutInHalf }),
  reset: () => ({ work: 0, ending: "reset" }),
  hang: () => ({ work: 0, ending: "hang" }),
  lost: ({ how = "reset", status = 504 }) =>
    how === "status" ? { work: 1, ending: "send", reply: () => htmlReply(status) } : { work: 1, ending: how },
  late: () => ({ work: 1, ending: "hold" }),
  twice: () => ({ work: 2, ending: "reset" }),
  drip: () => ({ work: 1, ending: "drip" }),
  endless: () => ({ work: 1, ending: "endless" }),
  respond: ({ body, ending = "whole", headers, status, work }, request) => ({
    work: (work ?? request.method === "GET") ? 1 : 0,
    ending: endings[ending],
    reply: (answer) => {
      const own = body === undefined ? undefined : { body: bytesOf(body), headers: { "content-type": typeOf(body) } }
      const { body: content, headers: sent } = own ?? { body: answer?.body ?? "", headers: answer?.headers ?? {} }
      const reply = { status: status ?? answer?.status ?? 200, headers: present({ ...sent, ...headers?.(request) }) }
      return bodiless.has(reply.status) ? reply : { ...reply, body: content }
    }
  }),
  redirect: ({ location, status = 302 }) => ({
    work: 0,
    ending: "send",
    reply: () => ({ status, headers: { location }, body: "" })
  })
}

const present = (headers: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))

const endings = { whole: "send", cut: "cut", slow: "stall", endless: "endless" } as const

/** A body after one of these would be taken for the beginning of the next answer. */
const bodiless: ReadonlySet<number> = new Set([204, 304])

const bytesOf = (body: unknown): string | Uint8Array =>
  typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body)

const typeOf = (body: unknown): string => {
  if (typeof body === "string") return /^\s*</.test(body) ? "text/html; charset=utf-8" : "text/plain; charset=utf-8"
  return body instanceof Uint8Array ? "application/octet-stream" : JSON_TYPE
}

const cutInHalf = (answer: Reply | undefined): Reply => {
  const body = typeof answer?.body === "string" && answer.body.length > 2 ? answer.body : '{"success":true,"data":{}}'
  return {
    status: 200,
    headers: { ...answer?.headers, "content-type": "application/json; charset=utf-8" },
    body: body.slice(0, body.length / 2)
  }
}

const isCommon = (fault: { readonly kind: string }): fault is Fault => Object.hasOwn(plans, fault.kind)

/** `own` answers the kinds that only this service knows. */
export const planOf = <Own extends { readonly kind: string }>(
  fault: Fault | Own,
  request: FakeRequest,
  own: (fault: Own) => Reply
): Plan => {
  if (isCommon(fault)) return (plans[fault.kind] as (fault: Fault, request: FakeRequest) => Plan)(fault, request)
  return { work: 0, ending: "send", reply: () => own(fault) }
}

export interface FaultQueue<F, Route extends string> {
  readonly add: (fault: F, options?: FaultOptions<Route>) => void
  readonly clear: () => void
  readonly take: (request: FakeRequest<Route>) => F | undefined
}

export const makeFaultQueue = <F, Route extends string>(): FaultQueue<F, Route> => {
  let queue: Array<{ readonly fault: F; left: number; readonly when: (request: FakeRequest<Route>) => boolean }> = []
  return {
    add: (fault, { times = 1, when = () => true } = {}) => {
      queue.push({ fault, left: times, when })
    },
    clear: () => {
      queue = []
    },
    take: (request) => {
      const found = queue.find((entry) => entry.left > 0 && entry.when(request))
      if (found === undefined) return undefined
      found.left -= 1
      if (found.left <= 0) queue = queue.filter((entry) => entry !== found)
      return found.fault
    }
  }
}
