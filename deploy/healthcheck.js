// Whether the server in this container is alive. The image has no curl, and needs none.
const { GITPIP_HOST: host = "", GITPIP_PORT: port } = process.env
const all = { "": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]", "[::]": "[::1]" }
const address = all[host] ?? (host.includes(":") && !host.startsWith("[") ? `[${host}]` : host)
const alive = await fetch(`http://${address}:${port || "8080"}/health`, { signal: AbortSignal.timeout(4_000) }).then(
  ({ ok }) => ok,
  () => false
)
process.exitCode = alive ? 0 : 1
