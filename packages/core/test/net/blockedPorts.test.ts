import { assert, it } from "@effect/vitest"
import { isBlockedPort } from "../../src/net/blockedPorts.ts"

/** Whether `fetch` gets as far as its dispatcher, which opens no socket. */
const isFetched = async (url: URL): Promise<boolean> => {
  let isDispatched = false
  const dispatcher = {
    dispatch: (_options: unknown, handler: { onError?: (error: Error) => void }) => {
      isDispatched = true
      handler.onError?.(new Error("dispatched"))
      return false
    }
  }
  await fetch(url, { dispatcher } as unknown as RequestInit).catch(() => undefined)
  return isDispatched
}

it("a port is blocked exactly when fetch never connects to it", async () => {
  const blocked = Array.from({ length: 65_536 }, (_, port) => port).filter((port) =>
    isBlockedPort(new URL(`http://127.0.0.1:${port}`))
  )
  assert.lengthOf(blocked, 82)
  // All 65,536 ports take `fetch` many seconds.
  for (const port of new Set(blocked.flatMap((port) => [port - 1, port, port + 1]))) {
    const url = new URL(`http://127.0.0.1:${port}`)
    assert.strictEqual(await isFetched(url), !isBlockedPort(url), `port ${port}`)
  }
})
