/** What both views are made of. */
import type { ComponentChildren } from "preact"
import type { DayJson, ScanJson } from "./api.js"
import { state } from "./state.js"
import { ago, count, dateTime, dayOf, number } from "./words.js"

export const Time = ({ at }: { readonly at: string }) => (
  <time dateTime={at} title={dateTime(at)}>
    {ago(at, state.now)}
  </time>
)

/** A state: its word, and a colour that only repeats it. */
export const State = ({ state }: { readonly state: string }) => <span class={`state ${state}`}>{state}</span>

/** Leads out of the page. */
export const Out = ({
  children,
  href,
  label
}: {
  readonly children: ComponentChildren
  readonly href: string
  readonly label?: string
}) => (
  <a href={href} target="_blank" rel="noopener noreferrer" aria-label={label}>
    {children}
  </a>
)

export const Gauge = ({
  hint,
  label,
  left,
  limit
}: {
  readonly hint: string
  readonly label: string
  readonly left: number | null
  readonly limit: number | null
}) => (
  <div class="gauge">
    <dt id={`gauge-${label}`}>{label}</dt>
    <dd>
      {left === null || limit === null ? (
        "not known yet"
      ) : (
        <>
          <meter aria-labelledby={`gauge-${label}`} min={0} max={limit} low={limit / 5} optimum={limit} value={left} />
          <span>
            {number(left)} of {number(limit)} {hint}
          </span>
        </>
      )}
    </dd>
  </div>
)

const ScanProgress = ({ scan, users }: { readonly scan: ScanJson; readonly users: number }) => {
  const whom = scan.login ?? "everybody"
  const known = scan.login === null && scan.state === "running" && users > 0
  return (
    <div class="scan">
      <progress aria-label={`Scan of ${whom}`} {...(known ? { max: users, value: Math.min(scan.users, users) } : {})} />
      <span>
        {scan.state === "queued"
          ? `The scan of ${whom} waits for its turn`
          : `Scanning ${whom}: ${count(scan.users, "user")} looked at, ${count(scan.files, "new file")}, ${number(scan.failed)} failed`}
      </span>
    </div>
  )
}

/** As many as anybody looks at. */
const scansShown = 5

export const ScansUnderWay = ({
  scans,
  users
}: {
  readonly scans: ReadonlyArray<ScanJson>
  readonly users: number
}) => (
  <>
    {scans.slice(0, scansShown).map((scan) => (
      <ScanProgress key={scan.id} scan={scan} users={users} />
    ))}
    {scans.length > scansShown ? <p class="quiet">And {count(scans.length - scansShown, "more scan")}.</p> : null}
  </>
)

const chart = { width: 560, height: 190, bottom: 20 }

/** Found and published side by side for each day. The same numbers are in a table for whoever cannot see it. */
export const Chart = ({ days }: { readonly days: ReadonlyArray<DayJson> }) => {
  const most = Math.max(1, ...days.flatMap(({ found, published }) => [found, published]))
  const step = chart.width / days.length
  const room = chart.height - chart.bottom
  const bar = (value: number, index: number, place: number, kind: string) => {
    const height = value === 0 ? 0 : Math.max(2, (value / most) * (room - 14))
    return (
      <rect
        class={kind}
        x={index * step + step * (0.12 + 0.38 * place)}
        y={room - height}
        width={step * 0.36}
        height={height}
        rx={1.5}
      />
    )
  }
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${chart.width} ${chart.height}`} aria-hidden="true">
        <line x1={0} x2={chart.width} y1={room} y2={room} />
        <text x={0} y={10}>
          {number(most)}
        </text>
        {days.map((day, index) => (
          <g key={day.day}>
            {bar(day.found, index, 0, "found")}
            {bar(day.published, index, 1, "published")}
            {index % 3 === (days.length - 1) % 3 ? (
              <text class="day" x={(index + 0.5) * step} y={chart.height - 4}>
                {dayOf(day.day)}
              </text>
            ) : null}
          </g>
        ))}
      </svg>
      <figcaption>
        <span class="key found">found</span> <span class="key published">published</span>
      </figcaption>
      {/* A table is never narrower than its words, so it is hidden within something that is. */}
      <div class="unseen">
        <table>
          <caption>Files found and published per day (UTC)</caption>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col">Found</th>
              <th scope="col">Published</th>
            </tr>
          </thead>
          <tbody>
            {days.map(({ day, found, published }) => (
              <tr key={day}>
                <th scope="row">{day}</th>
                <td>{found}</td>
                <td>{published}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  )
}
