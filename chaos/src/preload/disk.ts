/** The process's disk, which an order makes full for the embedded database. */
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { resolve } from "node:path"

/** Changed by orders. */
export const disk = { isFull: false, refused: 0 }

const directory = process.env.GITPIP_DATA_DIR === undefined ? undefined : resolve(process.env.GITPIP_DATA_DIR)

const noSpace = (call: string) => {
  disk.refused++
  return Object.assign(new Error(`ENOSPC: no space left on device, ${call}`), {
    code: "ENOSPC",
    errno: -28,
    syscall: call
  })
}

/** Whether a file descriptor belongs to the embedded database. */
const isOurs = (fd: number): boolean => {
  if (!disk.isFull || directory === undefined) return false
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory)
  } catch {
    return false
  }
}

const realWriteSync = fs.writeSync
fs.writeSync = ((
  ...args: [fd: number, data: NodeJS.ArrayBufferView, offset?: number, length?: number, position?: number | null]
) => {
  const [fd, data, , length, position] = args
  if (isOurs(fd) && (position ?? 0) + (length ?? data.byteLength) > fs.fstatSync(fd).size) throw noSpace("write")
  return realWriteSync(...args)
}) as typeof fs.writeSync

const realWriteFileSync = fs.writeFileSync
fs.writeFileSync = ((path: fs.PathOrFileDescriptor, ...rest: [string]) => {
  if (disk.isFull && directory !== undefined && String(path).startsWith(directory)) throw noSpace("open")
  return realWriteFileSync(path, ...rest)
}) as typeof fs.writeFileSync
syncBuiltinESMExports()
