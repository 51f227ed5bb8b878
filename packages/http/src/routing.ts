/** Options of the router, for calls and for the methods of an address. */
export const routerConfig = {
  // Above the schemas' own limits for names, so that the schemas report the fault.
  maxParamLength: 16_384,
  // An address has one spelling, so that a proxy's rules about it hold.
  caseSensitive: true,
  ignoreDuplicateSlashes: false,
  ignoreTrailingSlash: false
}

/** Calls without a key, for supervisors. */
export const openPaths: ReadonlySet<string> = new Set(["/health", "/ready"])
