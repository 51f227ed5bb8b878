// Whether the server in this container is alive. The image has no curl, and needs none.
const port = process.env.GITPIP_PORT || "8080"
const alive = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(4_000) }).then(
  ({ ok }) => ok,
  () => false
)
process.exitCode = alive ? 0 : 1
