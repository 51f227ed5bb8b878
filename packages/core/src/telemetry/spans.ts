/** Every span attribute. Names are stable. `docs/metrics.md` lists them, and a test compares. */

/** Attributes that spans of scans and of publications share, so that one leads to the other. */
export const attributes = {
  scan: "gitpip.scan",
  user: "gitpip.user",
  file: "gitpip.file",
  files: "gitpip.files",
  publication: "gitpip.publication",
  outcome: "gitpip.outcome"
} as const
