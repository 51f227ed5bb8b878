/** Draws terminal output as text in SVG, without fonts or other parts from elsewhere. */

interface Span {
  readonly text: string
  readonly codes: ReadonlyArray<number>
}

const colors: Readonly<Record<number, string>> = { 31: "#ff7b72", 32: "#7ee787", 33: "#e3b341" }
const letter = { width: 7.85, height: 18 }
const margin = 18

/** `said` is the terminal's output: lines, colours, and lines that were drawn over. */
export const toSvg = (said: string, columns: number): string => {
  const lines = said.replaceAll("\r\n", "\n").trimEnd().split("\n").flatMap(lastDrawn)
  const width = Math.ceil(columns * letter.width + 2 * margin)
  const height = lines.length * letter.height + 2 * margin
  const texts = lines.map((line, index) => {
    const spans = spansOf(line).map(({ codes, text }) => `<tspan${styleOf(codes)}>${escaped(text)}</tspan>`)
    return `  <text x="${margin}" y="${margin + (index + 0.75) * letter.height}">${spans.join("")}</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Gitpip in a terminal">`,
    "  <style>text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #e6edf3; white-space: pre }</style>",
    `  <rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>`,
    ...texts,
    "</svg>",
    ""
  ].join("\n")
}

/** The visible states of a line that was drawn over: the last progress, and the final text. */
const lastDrawn = (line: string): ReadonlyArray<string> => {
  const drawn = line.split("\r").map((text) => text.replaceAll("\u001b[K", ""))
  const end = drawn.at(-1) ?? ""
  const before = drawn
    .slice(0, -1)
    .filter((text) => text !== "")
    .at(-1)
  return before === undefined ? [end] : [before, end]
}

const spansOf = (line: string): ReadonlyArray<Span> => {
  let codes: ReadonlyArray<number> = []
  return line.split("\u001b[").flatMap((part, index) => {
    const [whole, code] = index === 0 ? ["", undefined] : (/^(\d*)m/.exec(part) ?? ["", undefined])
    if (code !== undefined) codes = code === "" || code === "0" ? [] : [...codes, Number(code)]
    const text = part.slice(whole.length)
    return text === "" ? [] : [{ text, codes }]
  })
}

const styleOf = (codes: ReadonlyArray<number>): string => {
  const fill = codes.includes(2) ? "#8b949e" : codes.map((code) => colors[code]).find((color) => color !== undefined)
  return `${fill === undefined ? "" : ` fill="${fill}"`}${codes.includes(1) ? ' font-weight="bold"' : ""}`
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
