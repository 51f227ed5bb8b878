/**
 * The dimensions of the matrix, as data: what is asked, what is answered in place of the truth, of whom, and for how long.
 * And the rule that says what each combination may do to others. Pure.
 */

/**
 * Every kind of request that a server sends, and which scopes of trouble differ there. The same code answers kinds that are
 * `alike`, so that they share the statuses among them.
 */
export const requests = {
  "github list": { scopes: ["thing", "all"] },
  "github page": { scopes: ["thing", "all"] },
  "github account": { scopes: ["thing", "all"] },
  "github profile": { scopes: ["thing", "all"] },
  "github contacts": { scopes: ["all"] },
  "github feed": { scopes: ["all"] },
  "github gist": { scopes: ["thing", "user", "all"] },
  "github raw": { scopes: ["thing", "user", "all"] },
  "github batch": { scopes: ["all"] },
  "github texts": { scopes: ["all"] },
  "github limits": { scopes: ["all"] },
  "pipedrive me": { scopes: ["all"] },
  "pipedrive pipelines": { scopes: ["all"], alike: "setup" },
  "pipedrive stages": { scopes: ["all"], alike: "setup" },
  "pipedrive users": { scopes: ["all"], alike: "setup" },
  "pipedrive deal fields": { scopes: ["all"], alike: "setup" },
  "pipedrive activity fields": { scopes: ["all"], alike: "setup" },
  "pipedrive activity types": { scopes: ["all"], alike: "setup" },
  "pipedrive person fields": { scopes: ["all"], alike: "setup" },
  "pipedrive lead labels": { scopes: ["all"], alike: "setup" },
  "pipedrive activity": { scopes: ["thing", "user", "all"] },
  "pipedrive activities": { scopes: ["thing", "user", "all"] },
  "pipedrive activity removal": { scopes: ["thing", "user", "all"], alike: "removal" },
  "pipedrive search": { scopes: ["thing", "all"] },
  "pipedrive item search": { scopes: ["thing", "all"] },
  "pipedrive person search": { scopes: ["thing", "all"], alike: "contact search" },
  "pipedrive person check": { scopes: ["thing", "all"], alike: "contact search" },
  "pipedrive organization search": { scopes: ["thing", "all"], alike: "contact search" },
  "pipedrive deal": { scopes: ["thing", "all"] },
  "pipedrive deal check": { scopes: ["thing", "all"] },
  "pipedrive deals": { scopes: ["all"], alike: "newest" },
  "pipedrive deal list": { scopes: ["all"], alike: "list of all" },
  "pipedrive person list": { scopes: ["all"], alike: "list of all" },
  "pipedrive person": { scopes: ["thing", "all"] },
  "pipedrive persons": { scopes: ["all"], alike: "newest" },
  "pipedrive organization": { scopes: ["thing", "all"] },
  "pipedrive organizations": { scopes: ["all"], alike: "newest" },
  "pipedrive contacts": { scopes: ["all"] },
  "pipedrive file deal": { scopes: ["thing", "user", "all"] },
  "pipedrive note": { scopes: ["thing", "all"] },
  "pipedrive notes": { scopes: ["thing", "all"] },
  "pipedrive deal removal": { scopes: ["thing", "all"], alike: "removal" },
  "pipedrive lead": { scopes: ["thing", "user", "all"] },
  "pipedrive leads": { scopes: ["thing", "all"], alike: "leads" },
  "pipedrive archived leads": { scopes: ["thing", "all"], alike: "leads" },
  "pipedrive lead removal": { scopes: ["thing", "all"], alike: "removal" }
} as const satisfies Record<string, RequestDimension>
export type RequestKind = keyof typeof requests

interface RequestDimension {
  readonly scopes: ReadonlyArray<Scope>
  readonly alike?: string
}

/**
 * What servers, proxies and firewalls send: RFC 9110 and 6585, and Cloudflare's own (520 to 530). `reset` and `hang` are
 * what comes in place of a status.
 */
const statuses = [
  ...["200", "201", "202", "204", "206", "301", "302", "303", "304", "307", "308"],
  ...["400", "401", "402", "403", "404", "405", "406", "407", "408", "409", "410", "411", "412", "413", "414", "415"],
  ...["418", "421", "422", "423", "424", "425", "426", "428", "429", "431", "451", "499"],
  ...[
    "500",
    "501",
    "502",
    "503",
    "504",
    "505",
    "507",
    "508",
    "511",
    "520",
    "521",
    "522",
    "523",
    "524",
    "525",
    "526",
    "530"
  ],
  ...["reset", "hang"]
] as const

/** `documented`: a success is answered with the truth, anything else in the service's own form for errors. */
const bodies = ["documented", "other", "empty", "html", "cut", "slow", "endless"] as const
const limits = ["ordinary", "missing", "zero", "past", "absurd"] as const
const scopes = ["thing", "user", "all"] as const
export type Scope = (typeof scopes)[number]
const durations = ["once", "hour", "ever"] as const
/** Whether the service does what it is asked before it answers so. */
const works = ["done", "undone"] as const

export interface Case {
  readonly request: RequestKind
  readonly status: (typeof statuses)[number]
  readonly body: (typeof bodies)[number]
  readonly limits: (typeof limits)[number]
  readonly scope: Scope
  readonly duration: (typeof durations)[number]
  readonly work: (typeof works)[number]
}

const names = Object.keys(requests) as ReadonlyArray<RequestKind>
const factors: { readonly [K in keyof Case]: ReadonlyArray<Case[K]> } = {
  request: names,
  status: statuses,
  body: bodies,
  limits,
  scope: scopes,
  duration: durations,
  work: works
}
const keys = Object.keys(factors) as ReadonlyArray<keyof Case>

/** Requests that change something. */
const changing: ReadonlySet<RequestKind> = new Set<RequestKind>([
  "pipedrive activity",
  "pipedrive activity removal",
  "pipedrive deal",
  "pipedrive person",
  "pipedrive organization",
  "pipedrive file deal",
  "pipedrive note",
  "pipedrive deal removal",
  "pipedrive lead",
  "pipedrive lead removal"
])

export const isSuccess = (status: Case["status"]): boolean => status.startsWith("2")
const isNumber = (status: Case["status"]): boolean => /^\d/.test(status)

/** Why a combination cannot be, for every one of which a part is known. */
const impossible: ReadonlyArray<(one: Partial<Case>) => boolean> = [
  ({ request, scope }) =>
    request !== undefined && scope !== undefined && !(requests[request].scopes as ReadonlyArray<Scope>).includes(scope),
  // A connection that ends without an answer has no body and no headers.
  ({ body, status }) => status !== undefined && !isNumber(status) && body !== undefined && body !== "empty",
  ({ limits, status }) => status !== undefined && !isNumber(status) && limits !== undefined && limits !== "missing",
  ({ body, status }) => (status === "204" || status === "304") && body !== undefined && body !== "empty",
  ({ request, work }) => request !== undefined && !changing.has(request) && work === "undone",
  // A false report of success cannot be distinguished from a true one.
  ({ body, request, status, work }) =>
    request !== undefined &&
    changing.has(request) &&
    status !== undefined &&
    isSuccess(status) &&
    status !== "204" &&
    body === "documented" &&
    work === "undone",
  // Nor can one that says that it is gone.
  ({ body, request, status, work }) =>
    request?.endsWith("removal") === true && status === "404" && body === "documented" && work === "undone",
  // A refusal says that nothing was done. Only a timeout does not.
  ({ request, status, work }) =>
    request !== undefined &&
    changing.has(request) &&
    status !== undefined &&
    /^[34]/.test(status) &&
    !["408", "499"].includes(status) &&
    work === "done"
]

export const isPossible = (one: Partial<Case>): boolean => !impossible.some((rule) => rule(one))

export const nameOf = (one: Case): string => keys.map((key) => one[key]).join("/")

export const parse = (name: string): Case => {
  const parts = name.split("/")
  const one = Object.fromEntries(keys.map((key, index) => [key, parts[index]])) as unknown as Case
  for (const key of keys) {
    if (!(factors[key] as ReadonlyArray<string>).includes(one[key])) throw new Error(`No ${key} is called ${one[key]}`)
  }
  return one
}

/** All combinations that can be, in order. */
export const all = function* (): Generator<Case> {
  const from = function* (one: Partial<Case>, index: number): Generator<Case> {
    const key = keys[index]
    if (key === undefined) return yield one as Case
    for (const value of factors[key]) {
      const next = { ...one, [key]: value }
      if (isPossible(next)) yield* from(next, index + 1)
    }
  }
  yield* from({}, 0)
}

/** Statuses that mean something of their own. The others are paired with each service, not with each kind of request. */
const commonStatuses: ReadonlySet<Case["status"]> = new Set<Case["status"]>([
  ...([
    "200",
    "204",
    "302",
    "304",
    "400",
    "401",
    "402",
    "403",
    "404",
    "408",
    "409",
    "410",
    "413",
    "422",
    "429"
  ] as const),
  ...(["451", "500", "502", "503", "504", "520", "reset", "hang"] as const)
])

/** The kinds of requests among which a status is met once. */
const sharing = (request: RequestKind, status: Case["status"]): string => {
  const { alike }: RequestDimension = requests[request]
  return commonStatuses.has(status) ? (alike ?? request) : `${request.split(" ")[0]}`
}

/** The pairs of values in a combination that some combination of a covering set must hold. */
export const pairsOf = (one: Partial<Case>): ReadonlyArray<string> =>
  keys.flatMap((a, index) =>
    keys.slice(index + 1).flatMap((b) => {
      const [first, second] = [one[a], one[b]]
      if (first === undefined || second === undefined) return []
      const isStatus = a === "request" && b === "status"
      return [`${isStatus ? sharing(first as RequestKind, second as Case["status"]) : first} ${second}`]
    })
  )

/** The first way to complete a combination, if there is one. */
const completed = (one: Partial<Case>): Case | undefined => {
  if (!isPossible(one)) return undefined
  const key = keys.find((name) => one[name] === undefined)
  if (key === undefined) return one as Case
  for (const value of factors[key]) {
    const whole = completed({ ...one, [key]: value })
    if (whole !== undefined) return whole
  }
  return undefined
}

/**
 * Few combinations among which is every pair that any combination holds: each begins with a pair that is still missing, and
 * takes the values that bring most others. The package `covertable` leaves out pairs when combinations are excluded.
 */
export const pairs = (): ReadonlyArray<Case> => {
  const chosen: Array<Case> = []
  const covered = new Set<string>()
  const gain = (one: Partial<Case>) => pairsOf(one).filter((pair) => !covered.has(pair)).length
  for (const [index, a] of keys.entries()) {
    for (const b of keys.slice(index + 1)) {
      for (const first of factors[a]) {
        for (const second of factors[b]) {
          let one: Partial<Case> = { [a]: first, [b]: second }
          if (gain(one) === 0 || completed(one) === undefined) continue
          for (const key of keys) {
            if (one[key] !== undefined) continue
            const options = rotated(factors[key], chosen.length).map((value) => ({ ...one, [key]: value }))
            one = options
              .map((option) => ({ option, gain: gain(option) }))
              .toSorted((x, y) => y.gain - x.gain)
              .find(({ option }) => completed(option) !== undefined)?.option as Partial<Case>
          }
          for (const pair of pairsOf(one)) covered.add(pair)
          chosen.push(one as Case)
        }
      }
    }
  }
  return chosen
}

/** So that values which bring as much take turns. */
const rotated = <A>(values: ReadonlyArray<A>, by: number): ReadonlyArray<A> => {
  const at = by % values.length
  return [...values.slice(at), ...values.slice(0, at)]
}

/** Combinations drawn by a seed, each kind of request as often as the others. */
export const sample = (seed: number, count: number): ReadonlyArray<Case> => {
  const random = mulberry32(seed)
  const pick = <A>(from: ReadonlyArray<A>): A => from[Math.floor(random() * from.length)] as A
  const order = names.map((name) => [random(), name] as const).toSorted(([a], [b]) => a - b)
  const drawn: Array<Case> = []
  while (drawn.length < count) {
    const request = (order[drawn.length % order.length] as readonly [number, RequestKind])[1]
    const one = {
      ...Object.fromEntries(keys.map((key) => [key, pick<string>(factors[key])])),
      request
    } as unknown as Case
    if (isPossible(one)) drawn.push(one)
  }
  return drawn
}

/** https://github.com/bryc/code/blob/master/jshash/PRNGs.md#mulberry32 */
const mulberry32 = (seed: number) => {
  let state = seed | 0
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
