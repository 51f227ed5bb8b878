/**
 * Whether a refusal concerns one thing or everything, from the other requests that were refused and answered: pure.
 *
 * - The same refusal of several different things in a row, without an answer in between, concerns the token or the service.
 * - A thing that is refused while another thing is answered is at fault itself, and is no evidence later on.
 * - Each kind of request has a row of its own: a token may list gists and not read them.
 */

/** What a request asks for. An answer to one kind shows nothing about another kind. */
export type Kind = "list" | "gist" | "account" | "feed" | "query"

/** A request that was refused, as refusals are compared. */
export interface RefusedRequest {
  readonly kind: Kind
  /** Names what was requested: two requests for one thing are one sign. */
  readonly thing: string
  /** What the refusal says. Only refusals with equal signatures add up. */
  readonly signature: string
}

interface Row {
  readonly signature: string
  readonly things: ReadonlySet<string>
}

/** The refusals in a row of each kind, and the things that are at fault themselves. */
export interface RefusalEvidence {
  readonly rows: ReadonlyMap<Kind, Row>
  /** The refusal of each thing that was refused while others were answered, the newest last. */
  readonly own: ReadonlyMap<string, string>
}

/** Before the first answer. */
export const none: RefusalEvidence = { rows: new Map(), own: new Map() }

/** That many equal refusals of different things in a row concern all things of the kind. */
export const signs = 3

/** Things at fault that are remembered. A forgotten thing costs a few requests at most. */
const maxOwn = 10_000

const identity = (kind: Kind, thing: string): string => `${kind} ${thing}`

/** A request was answered: the things that were refused in a row before it are at fault themselves. */
export const answered = (
  evidence: RefusalEvidence,
  { kind, thing }: Pick<RefusedRequest, "kind" | "thing">
): RefusalEvidence => {
  // The feed is one thing, so the answers to other requests show that the feed is at fault.
  const ended = [...evidence.rows].filter(([row]) => row === kind || row === "feed")
  const name = identity(kind, thing)
  if (ended.length === 0 && !evidence.own.has(name)) return evidence
  const rows = new Map(evidence.rows)
  const own = new Map(evidence.own)
  for (const [row, { signature, things }] of ended) {
    rows.delete(row)
    for (const one of things) own.set(identity(row, one), signature)
  }
  own.delete(name)
  for (const oldest of own.keys()) {
    if (own.size <= maxOwn) break
    own.delete(oldest)
  }
  return { rows, own }
}

/** A request was refused. `equal` counts the different things in a row, this one included; 0 when the thing itself is at fault. */
export const refused = (
  evidence: RefusalEvidence,
  { kind, signature, thing }: RefusedRequest
): { readonly evidence: RefusalEvidence; readonly equal: number; readonly isNew: boolean } => {
  if (evidence.own.get(identity(kind, thing)) === signature) return { evidence, equal: 0, isNew: false }
  const row = evidence.rows.get(kind)
  const before = row?.signature === signature ? row.things : new Set<string>()
  const things = new Set([...before, thing])
  return {
    evidence: { ...evidence, rows: new Map([...evidence.rows, [kind, { signature, things }]]) },
    equal: things.size,
    isNew: !before.has(thing)
  }
}

/** Whether the thing itself is known to be at fault for this refusal. */
export const isOwn = (evidence: RefusalEvidence, { kind, signature, thing }: RefusedRequest): boolean =>
  evidence.own.get(identity(kind, thing)) === signature
