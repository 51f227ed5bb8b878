/** Answers before they are written. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Absent: an answer without a body, such as `304`. */
  readonly body?: string | Uint8Array
}

export const JSON_TYPE = "application/json; charset=utf-8"

export const jsonReply = (status: number, body: unknown, headers?: Readonly<Record<string, string>>): Reply => ({
  status,
  headers: { "content-type": JSON_TYPE, ...headers },
  body: JSON.stringify(body)
})

/** The kind of page that a proxy in front of a service sends in its place. */
export const htmlReply = (status: number): Reply => ({
  status,
  headers: { "content-type": "text/html; charset=UTF-8", server: "cloudflare" },
  body: `<!DOCTYPE html>\n<html><head><title>${status}</title></head><body><center><h1>${status}</h1></center><hr></body></html>\n`
})
