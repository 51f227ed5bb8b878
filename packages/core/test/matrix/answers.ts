/** The answers of the matrix, as faults of the fakes. */
import type { FakeRequest, Fault } from "../../src/testing/index.ts"
import { type Case, isSuccess } from "./dimensions.ts"

export const faultOf = (one: Case): Fault => {
  const isPipedrive = one.request.startsWith("pipedrive")
  if (one.status === "reset") return one.work === "done" ? { kind: "lost" } : { kind: "reset" }
  if (one.status === "hang") return one.work === "done" ? { kind: "lost", how: "hang" } : { kind: "hang" }
  const status = Number(one.status)
  const documented = isSuccess(one.status) ? {} : { body: isPipedrive ? pipedriveError(status) : githubError(status) }
  const body = { ...documented, ...bodies[one.body] }
  const headersOf = isPipedrive ? pipedriveHeaders : githubHeaders
  return {
    kind: "respond",
    status,
    ...body,
    ending: one.body === "cut" || one.body === "slow" || one.body === "endless" ? one.body : "whole",
    work: one.work === "done",
    headers: (request) => ({
      ...headersOf(one.limits, request),
      ...(status >= 300 && status < 400 && status !== 304 ? { location: "/login?return_to=x" } : {})
    })
  }
}

const page =
  "<!DOCTYPE html>\n<html><head><title>Attention Required!</title></head><body><h1>Sorry, you have been blocked</h1></body></html>\n"

const bodies: Record<Case["body"], { readonly body?: unknown }> = {
  documented: {},
  other: { body: { ok: true, items: [1, null, "x"], data: "none" } },
  empty: { body: "" },
  html: { body: page },
  cut: {},
  slow: {},
  endless: {}
}

/** https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api */
const githubError = (status: number) => ({
  message: githubMessages[status] ?? `Error ${status}`,
  documentation_url: "https://docs.github.com/rest",
  status: `${status}`,
  ...(status === 451 ? { block: { reason: "dmca", created_at: "2026-01-01T00:00:00Z", html_url: null } } : {})
})

const githubMessages: Record<number, string> = {
  401: "Bad credentials",
  403: "Forbidden",
  404: "Not Found",
  422: "Validation Failed",
  429: "API rate limit exceeded for user ID 1.",
  451: "Repository access blocked",
  500: "Server Error",
  502: "Server Error"
}

/** https://pipedrive.readme.io/docs/core-api-concepts-http-status-codes */
const pipedriveError = (status: number) => ({
  success: false,
  error: status === 401 ? "unauthorized access" : `Error ${status}`,
  error_info: "Please check developers.pipedrive.com for more information about Pipedrive API.",
  data: null,
  additional_data: null
})

const second = (at: number): number => Math.floor(at / 1_000)

const githubHeaders = (limits: Case["limits"], { at, path }: FakeRequest): Record<string, string | undefined> => {
  const resource = path === "/graphql" ? "graphql" : "core"
  const limitHeaders = (remaining: string, reset: number | string) => ({
    "x-ratelimit-limit": "5000",
    "x-ratelimit-remaining": remaining,
    "x-ratelimit-used": "100",
    "x-ratelimit-reset": `${reset}`,
    "x-ratelimit-resource": resource
  })
  switch (limits) {
    case "ordinary":
      return limitHeaders("4900", second(at) + 3_000)
    case "missing":
      return Object.fromEntries(Object.keys(limitHeaders("", 0)).map((name) => [name, undefined]))
    case "zero":
      return limitHeaders("0", second(at) + 1_800)
    case "past":
      return limitHeaders("0", second(at) - 3_600)
    case "absurd":
      return { ...limitHeaders("-7", "99999999999"), "retry-after": "4294967296" }
  }
}

const pipedriveHeaders = (limits: Case["limits"]): Record<string, string | undefined> => {
  const limitHeaders = (remaining: string, reset: string, day: string) => ({
    "x-ratelimit-limit": "20",
    "x-ratelimit-remaining": remaining,
    "x-ratelimit-reset": reset,
    "x-daily-ratelimit-token-limit": "30000",
    "x-daily-ratelimit-token-remaining": day
  })
  switch (limits) {
    case "ordinary":
      return limitHeaders("19", "2", "29000")
    case "missing":
      return Object.fromEntries(Object.keys(limitHeaders("", "", "")).map((name) => [name, undefined]))
    case "zero":
      return limitHeaders("0", "2", "3")
    case "past":
      return limitHeaders("0", "-3600", "29000")
    case "absurd":
      return { ...limitHeaders("-7", "99999999999", "-1"), "retry-after": "4294967296" }
  }
}
