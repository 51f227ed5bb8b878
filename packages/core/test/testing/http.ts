/** Plain requests, to test a fake from outside. */
import { Effect } from "effect"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** `undefined` when the text is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of many shapes, and a wrong path fails them.
  readonly json: any
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Fails with the transport's error when there is no answer. */
export const ask = (to: { readonly url: URL }, path: string, { method = "GET", headers, body }: Ask = {}) =>
  Effect.tryPromise(async (signal): Promise<Answer> => {
    const response = await fetch(new URL(path, to.url), {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      redirect: "manual",
      signal
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: parsed(text) }
  })

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
