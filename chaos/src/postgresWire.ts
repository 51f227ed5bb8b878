/** As much of PostgreSQL's wire protocol as the proxy needs: messages, strings in messages, names of statements. */
import { createHash } from "node:crypto"

/** A statement that is about to run, or has run. */
export interface Step {
  /** Short, and equal for equal texts. The name of a commit has the statement that it commits. */
  readonly name: string
  readonly statement: string
}

/**
 * Whether a client asks for TLS or GSSAPI before it starts.
 * https://www.postgresql.org/docs/18/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SSLREQUEST
 */
export const isEncryptionRequest = (frame: Buffer): boolean =>
  frame.length === 8 && [80877103, 80877104].includes(frame.readInt32BE(4))

/** Cuts a stream into messages: a type and a length. The first messages of a client have no type. */
export const frames = (client: boolean, onFrame: (type: string | undefined, frame: Buffer) => void) => {
  let rest: Buffer = Buffer.alloc(0)
  let first = client
  return (chunk: Buffer): void => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (;;) {
      const head = first ? 0 : 1
      if (rest.length < head + 4) return
      const length = head + rest.readInt32BE(head)
      if (rest.length < length) return
      const frame = rest.subarray(0, length)
      rest = rest.subarray(length)
      const type = first ? undefined : String.fromCharCode(frame[0] as number)
      first = first && isEncryptionRequest(frame)
      onFrame(type, frame)
    }
  }
}

/** The first strings of a body, each of which ends with a zero. */
export const strings = (body: Buffer, count: number): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (let at = 0; found.length < count; ) {
    const end = body.indexOf(0, at)
    found.push(body.toString("utf8", at, end))
    at = end + 1
  }
  return found
}

/** Begins or ends a transaction or a part of one. */
export const isBracket = (statement: string) => /^(begin|commit|rollback|savepoint|release)\b/i.test(statement)

/** Names a statement. `last` is the statement before, which a commit commits. */
export const stepOf = (text: string, last: string): Step => {
  const statement = text.replace(/\s+/g, " ").trim()
  if (/^begin/i.test(statement)) return { name: "begin", statement }
  if (isBracket(statement)) return { name: `${statement.toLowerCase().replace(/\d+/g, "")} ← ${last}`, statement }
  const hash = createHash("sha256").update(statement).digest("hex").slice(0, 6)
  return { name: `${statement.slice(0, 60)} #${hash}`, statement }
}

/** https://www.postgresql.org/docs/18/protocol-error-fields.html */
export const tooManyClients = (() => {
  const fields = Buffer.from("SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0")
  const head = Buffer.alloc(5)
  head.write("E")
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
})()
