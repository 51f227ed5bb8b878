/** The dashboard and the alerts use what a server that has scanned and published shows; its traces arrive. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it, layer } from "@effect/vitest"
import { Telemetry } from "@gitpip/core"
import { Context, Effect, Layer } from "effect"
import { parse } from "yaml"
import { root } from "./image.ts"
import { makeWorld, start, work } from "./server.ts"

const read = (file: string) => readFileSync(`${root}deploy/${file}`, "utf8")
const alerts = parse(read("prometheus/alerts.yaml")).groups[0].rules as ReadonlyArray<{ alert: string; expr: string }>
const panels = JSON.parse(read("grafana/gitpip.json")).panels as ReadonlyArray<{
  title: string
  targets: ReadonlyArray<{ expr: string }>
}>
/** As Grafana does it. */
const shown = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll("$__rate_interval", "5m")))
const expressions = [...alerts.map(({ expr }) => expr), ...shown]

interface Span {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly attributes: ReadonlyArray<{ key: string; value: { intValue?: number | string; stringValue?: string } }>
  readonly links: ReadonlyArray<{ traceId: string; spanId: string }>
}

/** Metrics of a server that has scanned and published, and the spans that it sent to a collector. */
class Seen extends Context.Service<
  Seen,
  { readonly metrics: string; readonly spans: ReadonlyArray<Span>; readonly sent: string }
>()("gitpip/test/Seen") {
  static readonly layer = Layer.effect(
    Seen,
    Effect.scoped(
      Effect.gen(function* () {
        const received: Array<{ readonly path: string; readonly body: string }> = []
        const collector = createServer((request, response) => {
          let body = ""
          request.on("data", (part) => (body += part))
          request.on("end", () => {
            received.push({ path: request.url ?? "", body })
            response.setHeader("content-type", "application/json").end("{}")
          })
        })
        const listening = Effect.callback<string>((resume) => {
          collector.listen(0, "127.0.0.1", () => {
            const { port } = collector.address() as { port: number }
            resume(Effect.succeed(`http://127.0.0.1:${port}`))
          })
        })
        const endpoint = yield* Effect.acquireRelease(listening, () => Effect.sync(() => collector.close()))
        const world = yield* makeWorld
        const server = yield* start([process.execPath, `${root}packages/cli/bin/gitpip.js`, "serve"], {
          cwd: tmpdir(),
          env: { PATH: process.env.PATH, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...world.env }
        })
        yield* server.says("http.listening")
        const metrics = yield* work(world)
        yield* server.kill("SIGTERM")
        yield* server.ended
        const spans = received
          .filter(({ path }) => path === "/v1/traces")
          .flatMap(({ body }) => JSON.parse(body).resourceSpans)
          .flatMap(({ scopeSpans }) => scopeSpans)
          .flatMap(({ spans }) => spans as ReadonlyArray<Span>)
        return Seen.of({ metrics, spans, sent: received.map(({ body }) => body).join("\n") })
      })
    )
  ).pipe(Layer.orDie)
}

layer(Seen.layer, { excludeTestServices: true })("a server that has scanned and published", (it) => {
  it.effect("a server shows every metric of the code, with its type", () =>
    Effect.gen(function* () {
      const { metrics } = yield* Seen
      const types = [...metrics.matchAll(/^# TYPE (gitpip_\S+) (\S+)$/gm)].map(([, name, type]) => [name, type])
      assert.deepStrictEqual(
        Object.fromEntries(types),
        Object.fromEntries(Object.entries(Telemetry.metrics).map(([name, { type }]) => [name, type]))
      )
    })
  )

  it.effect("a server shows every metric and label that the dashboard and the alerts use", () =>
    Effect.gen(function* () {
      const { metrics } = yield* Seen
      const lines = metrics.split("\n")
      assert.isAbove(expressions.length, 25)
      for (const expression of expressions) {
        const used = [...expression.matchAll(/\b(gitpip_\w+)(\{[^}]*\})?/g)]
        assert.isAbove(used.length, 0, expression)
        for (const [, name = "", matchers = ""] of used) {
          const series = lines.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
          assert.isAbove(series.length, 0, `${name} of ${expression}`)
          for (const [, label] of [...matchers.matchAll(/(\w+)[=!]~?"/g), ...expression.matchAll(/by \((\w+)\)/g)]) {
            assert.include(series[0], `${label}="`, expression)
          }
        }
      }
    })
  )

  it.effect("a server shows true values", () =>
    Effect.gen(function* () {
      const { metrics } = yield* Seen
      const value = (series: string) =>
        Number(
          metrics
            .split("\n")
            .find((line) => line.startsWith(`${series} `))
            ?.split(" ")[1]
        )
      assert.strictEqual(value("gitpip_files_found_total"), 2)
      assert.strictEqual(value("gitpip_users_tracked"), 1)
      assert.strictEqual(value("gitpip_database_up"), 1)
      assert.strictEqual(value("gitpip_scan_interval_seconds"), 300)
      assert.isBelow(value("gitpip_scan_age_seconds"), 120)
      assert.strictEqual(value('gitpip_blocked_seconds{service="github"}'), 0)
      assert.isAbove(value('gitpip_budget_remaining{service="github"}'), 4_900)
      assert.strictEqual(value('gitpip_budget_limit{service="github"}'), 5_000)
      const created = /^gitpip_request_duration_seconds_count\{service="pipedrive",outcome="20\d"\} (\d+)$/m.exec(
        metrics
      )
      assert.isAtLeast(Number(created?.[1]), 2)
    })
  )

  it.effect("traces lead from a publication to the scan that found its file", () =>
    Effect.gen(function* () {
      const { sent, spans } = yield* Seen
      const attribute = (span: Span, key: string) =>
        span.attributes
          .filter((one) => one.key === key)
          .map(({ value }) => String(value.intValue ?? value.stringValue))[0]
      const publications = spans.filter(({ name }) => name === "Publisher.publish")
      assert.strictEqual(publications.length, 2)
      for (const publication of publications) {
        assert.strictEqual(attribute(publication, Telemetry.attributes.user), "ann")
        assert.strictEqual(attribute(publication, Telemetry.attributes.outcome), "published")
        assert.match(attribute(publication, Telemetry.attributes.file) ?? "", /^https:\/\/gist\.github\.com\/ann\//)
        const [link] = publication.links
        const scan = spans.find(({ spanId, traceId }) => spanId === link?.spanId && traceId === link.traceId)
        assert.strictEqual(scan?.name, "Scanner.run")
        assert.strictEqual(
          attribute(publication, Telemetry.attributes.scan),
          attribute(scan as Span, Telemetry.attributes.scan)
        )
      }
      assert.notInclude(sent, "hush")
    })
  )
})

describe("the alerts", () => {
  it("each alert has a section in docs/operating.md", () => {
    const headings = [...readFileSync(`${root}docs/operating.md`, "utf8").matchAll(/^### (Gitpip\w+)$/gm)]
    assert.deepStrictEqual(
      headings.map(([, name]) => name),
      alerts.map(({ alert }) => alert)
    )
  })

  const promtool = (...args: ReadonlyArray<string>) => spawnSync("promtool", args, { encoding: "utf8" })
  const isThere = promtool("--version").status === 0
  const checked = isThere ? "" : " (skipped: promtool is missing; apt-get install prometheus brings it)"

  it.skipIf(!isThere)(`the alerts are valid rules that raise the expected alerts and no others${checked}`, () => {
    for (const args of [
      ["check", "rules", "prometheus/alerts.yaml"],
      ["test", "rules", "prometheus/alerts.test.yaml"],
      ["check", "config", "--syntax-only", "prometheus/prometheus.yaml"]
    ]) {
      const file = `${root}deploy/${args.at(-1)}`
      const { status, stderr, stdout } = promtool(...args.slice(0, -1), file)
      assert.strictEqual(status, 0, stdout + stderr)
    }
  })

  it.skipIf(!isThere)(`the expressions of the dashboard are valid${checked}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "gitpip-rules-"))
    const file = join(folder, "panels.json")
    const rules = shown.map((expr, index) => ({ record: `panel:${index}`, expr }))
    writeFileSync(file, JSON.stringify({ groups: [{ name: "panels", rules }] }))
    const { status, stderr, stdout } = promtool("check", "rules", file)
    rmSync(folder, { recursive: true })
    assert.strictEqual(status, 0, stdout + stderr)
  })
})
