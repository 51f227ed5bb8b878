/**
 * Request targets that two readers could understand as two addresses.
 *
 * Hazard: Effect's router cuts a path at `;` and `#`, ignores a first character that is no `/`, and drops empty parts. A proxy
 * does not, so its rules would allow one address while the server answers another.
 */

/** Why a request's target is refused, and what to send instead; undefined when it can only mean one address. */
export const targetFault = (method: string, target: string): string | undefined => {
  if (target === "*") return method === "OPTIONS" ? undefined : notAnAddress
  const [origin = ""] = /^https?:\/\/[^/?#]*/i.exec(target) ?? []
  const rest = target.slice(origin.length)
  if (rest.includes("#")) return "An address ends before `#`. Write a `#` within a value as `%23`"
  const path = rest.replace(/\?.*$/s, "")
  if (path === "/" || (path === "" && origin !== "")) return undefined
  if (!path.startsWith("/")) return notAnAddress
  return pathFaults.find(([isFault]) => isFault(path))?.[1]
}

const notAnAddress = "The address must begin with `/`"

const pathFaults: ReadonlyArray<readonly [isFault: (path: string) => boolean, detail: string]> = [
  [(path) => path.includes(";"), "Write a `;` in the path as `%3B`"],
  [(path) => path.includes("\\"), "Write a `\\` in the path as `%5C`"],
  [(path) => path.includes("//") || path.endsWith("/"), "A part of the path is empty. Fill it, or leave its `/` out"],
  [
    (path) => /\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path),
    "A part of the path is `.` or `..`. Send the path that these lead to"
  ],
  [(path) => !isDecodable(path), "The path is not percent-encoded UTF-8. Write a `%` as `%25`"]
]

const isDecodable = (path: string): boolean => {
  if (!path.includes("%")) return true
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}
