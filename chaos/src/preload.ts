/**
 * Loaded into a server process before anything else (`node --import`). The process's clocks are the harness's, and the
 * process obeys orders over its message channel. The program itself is unchanged, but for the rules that are switched off.
 */
import type { Order, Report } from "./orders.ts"
import { clock, timers } from "./preload/clock.ts"
import { disk } from "./preload/disk.ts"
import { names } from "./preload/names.ts"
import "./preload/rules.ts"

process.on("message", (order: Order) => {
  switch (order.type) {
    case "skew":
      clock.skew += order.millis
      break
    case "advance":
      clock.advanced += order.millis
      timers.advance(order.millis)
      return
    case "disk":
      disk.isFull = order.full
      break
    case "dns":
      names.areBroken = order.broken
      break
  }
  process.send?.({ id: order.id, ...report() })
})
process.channel?.unref()

const report = (): Report => {
  const wait = timers.wait()
  return {
    refused: { disk: disk.refused, dns: names.refused },
    turns: clock.turns,
    isBusy: process.getActiveResourcesInfo().some((kind) => /Req|ConnectWrap|WriteWrap|Zlib/.test(kind)),
    wait: Number.isFinite(wait) ? wait : null
  }
}
