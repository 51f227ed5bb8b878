/** When a process began, as one word. With its id, that names a process for good: the system reuses ids. */
import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { promisify } from "node:util"

/** Undefined when there is no such process, or the system does not report its start. */
export const startOf = (pid: number): Promise<string | undefined> =>
  (process.platform === "linux" ? ofProc(pid) : ofPs(pid)).then(
    (text) => (text === "" ? undefined : text),
    () => undefined
  )

const ofProc = async (pid: number): Promise<string> => {
  const [boot, status] = await Promise.all([
    readFile("/proc/sys/kernel/random/boot_id", "utf8"),
    readFile(`/proc/${pid}/stat`, "utf8")
  ])
  // The second field is the program's name in brackets, with any characters in it. Ticks since the boot are the 22nd.
  const ticks = status.slice(status.lastIndexOf(")") + 2).split(" ")[19]
  return ticks === undefined ? "" : `${boot.trim()}:${ticks}`
}

const ofPs = async (pid: number): Promise<string> => {
  const env = { PATH: "/bin:/usr/bin", LC_ALL: "C", TZ: "UTC" }
  const { stdout } = await promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)], { env, timeout: 5_000 })
  return stdout.trim()
}
