/** Security headers for browsers. TLS and `Strict-Transport-Security` are the task of a proxy. */
import { createHash } from "node:crypto"
import { Headers } from "effect/http"

const always = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY"
}

const common = { ...always, "cache-control": "no-store" }

/** The policy of a page: it loads and runs its own server's parts, and scripts of exactly these texts. No site may frame it. */
export const pagePolicy = (options: {
  readonly ownScripts: boolean
  readonly inlineScripts: ReadonlyArray<string>
  readonly styles: "'self'" | "'unsafe-inline'"
}): string => {
  const hashes = options.inlineScripts.map(
    (script) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`
  )
  return [
    "default-src 'none'",
    `script-src ${[...(options.ownScripts ? ["'self'"] : []), ...hashes].join(" ")}`,
    `style-src ${options.styles}`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join("; ")
}

/** For a page, which brings its own `content-security-policy`. */
export const forPage = Headers.fromInput(common)

/** For everything else. A browser that shows the answer as a page runs and loads nothing. */
export const forProgram = Headers.fromInput({
  ...common,
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'"
})

/** For a part of a page, which has its own `cache-control`. */
export const forAsset = Headers.fromInput({
  ...always,
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'"
})
