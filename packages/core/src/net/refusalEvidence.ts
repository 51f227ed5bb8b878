/**
 * Whose trouble a refusal is, from what else was refused and answered: pure.
 *
 * The rule. The same refusal of several different things in a row, without an answer in between, is the token's or the
 * service's. A thing that is refused while another one is answered is at fault itself, and is no evidence later on.
 * Each kind of request has a row of its own: a token may list gists and not read them.
 */

/** What is asked for. An answer to one kind says nothing about another. */
export type Kind = "list" | "gist" | "account" | "feed" | "query"

export interface Refusal {
  readonly kind: Kind
  /** Names what was asked for: two requests for one thing are no two signs. */
  readonly thing: string
  /** What the refusal says. Only equal ones add up. */
  readonly signature: string
}

interface Row {
  readonly signature: string
  readonly things: ReadonlySet<string>
}

export interface Evidence {
  readonly rows: ReadonlyMap<Kind, Row>
  /** The refusal of each thing that was refused while others were answered, the newest last. */
  readonly own: ReadonlyMap<string, string>
}

export const none: Evidence = { rows: new Map(), own: new Map() }

/** Equal refusals of different things in a row that are no longer these things' own trouble. */
export const signs = 3

/** Things at fault that are remembered. One that is forgotten costs a few requests at most. */
const maxOwn = 10_000

const identity = (kind: Kind, thing: string): string => `${kind} ${thing}`

/** An answer: whatever was refused in a row before it is at fault itself. */
export const answered = (evidence: Evidence, { kind, thing }: Pick<Refusal, "kind" | "thing">): Evidence => {
  // The feed is one thing, so other requests have to tell that it is at fault.
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

/** A refusal. `equal` counts the different things in a row, this one included; 0 when the thing itself is at fault. */
export const refused = (
  evidence: Evidence,
  { kind, signature, thing }: Refusal
): { readonly evidence: Evidence; readonly equal: number; readonly isNew: boolean } => {
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

/** Whether this refusal of a thing is known as the thing's own trouble. */
export const isOwn = (evidence: Evidence, { kind, signature, thing }: Refusal): boolean =>
  evidence.own.get(identity(kind, thing)) === signature
