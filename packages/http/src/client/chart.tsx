/** The chart of the last days, and the same numbers as a table. */
import type { DayJson } from "./api.js"
import { dayOf, number } from "./words.js"

const chart = { width: 560, height: 190, bottom: 20 }
/** The height that bars can have, in units of the drawing. */
const room = chart.height - chart.bottom

/** Files found and published, side by side for each day. Screen readers get the same numbers from a table. */
export const Chart = ({ days }: { readonly days: ReadonlyArray<DayJson> }) => {
  const max = Math.max(1, ...days.flatMap(({ found, published }) => [found, published]))
  const step = chart.width / days.length
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${chart.width} ${chart.height}`} aria-hidden="true">
        <line x1={0} x2={chart.width} y1={room} y2={room} />
        <text x={0} y={10}>
          {number(max)}
        </text>
        {days.map((day, index) => (
          <g key={day.day}>
            <Bar kind="found" share={day.found / max} x={step * (index + 0.12)} width={step * 0.36} />
            <Bar kind="published" share={day.published / max} x={step * (index + 0.5)} width={step * 0.36} />
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
        <DayTable days={days} />
      </div>
    </figure>
  )
}

interface BarProps {
  readonly kind: "found" | "published"
  /** Of the highest bar, 0 to 1. */
  readonly share: number
  readonly x: number
  readonly width: number
}

const Bar = ({ kind, share, width, x }: BarProps) => {
  const height = share === 0 ? 0 : Math.max(2, share * (room - 14))
  return <rect class={kind} x={x} y={room - height} width={width} height={height} rx={1.5} />
}

const DayTable = ({ days }: { readonly days: ReadonlyArray<DayJson> }) => (
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
)
