/** Parts that both views use. */
import type { ComponentChildren } from "preact"
import type { ScanJson } from "./api.js"
import { state } from "./state.js"
import { ago, count, dateTime, number } from "./words.js"

export const Time = ({ at }: { readonly at: string }) => (
  <time dateTime={at} title={dateTime(at)}>
    {ago(at, state.now)}
  </time>
)

/** A state: its word, and a colour that means the same. */
export const State = ({ state }: { readonly state: string }) => <span class={`state ${state}`}>{state}</span>

/** A link out of the page. */
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
  const whom = scan.login ?? "all users"
  const known = scan.login === null && scan.state === "running" && users > 0
  return (
    <div class="scan">
      <progress aria-label={`Scan of ${whom}`} {...(known ? { max: users, value: Math.min(scan.users, users) } : {})} />
      <span>
        {scan.state === "queued"
          ? `The scan of ${whom} waits for its turn`
          : `Scanning ${whom}: ${count(scan.users, "user")} checked, ${count(scan.files, "new file")}, ${number(scan.failed)} failed`}
      </span>
    </div>
  )
}

/** The page shows this many scans at most. */
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
