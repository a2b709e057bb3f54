/**
 * Line charts as SVG: what was measured over time, to be looked at in a page or a browser. Made of text alone, so that
 * a result can be read, compared and kept beside its numbers.
 * @module
 */

export interface Line {
  readonly name: string
  /** In the order of x. */
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Chart {
  readonly title: string
  /** With its unit. */
  readonly xLabel: string
  /** The x axis goes in steps of ten from 1 on, and not evenly from 0. */
  readonly isLogarithmic?: boolean
  /** With its unit. */
  readonly yLabel: string
  readonly lines: readonly Line[]
}

const width = 860
const height = 360
const plot = { left: 70, right: 32, top: 40, bottom: 70 }
/** Told apart also by those who see few colours. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000']
const ticksWanted = 6

/** The y axis begins at 0: growth is to be seen in proportion. A chart without points is empty axes. */
export function lineChart({ title, xLabel, isLogarithmic, yLabel, lines }: Chart): string {
  const points = lines.flatMap((line) => line.points)
  const x = (isLogarithmic ? logarithmicScale : scale)(
    points.map(([value]) => value),
    plot.left,
    width - plot.right,
  )
  const y = scale(
    points.map(([, value]) => value),
    height - plot.bottom,
    plot.top,
  )
  const plane = [
    ...x.ticks.map((tick) => label(x.at(tick), height - plot.bottom + 18, 'middle', number(tick))),
    ...y.ticks.flatMap((tick) => [
      `<path d="M${plot.left} ${y.at(tick)}H${width - plot.right}" stroke="#ddd"/>`,
      label(plot.left - 8, y.at(tick) + 4, 'end', number(tick)),
    ]),
  ]
  const drawn = lines.map((line, index) => polyline(line, colours[index % colours.length] ?? '#000', x, y))
  const legend = lines.map(({ name }, index) => legendEntry(name, index))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${plot.left}" y="22" font-size="15">${escaped(title)}</text>`,
    ...plane,
    ...drawn,
    ...legend,
    label(width - plot.right, height - plot.bottom + 34, 'end', xLabel),
    label(plot.left - 8, plot.top - 6, 'end', yLabel),
    '</svg>\n',
  ].join('\n')
}

interface Scale {
  readonly ticks: readonly number[]
  at(value: number): number
}

/** From 0 to the first round step that no value exceeds. */
function scale(values: readonly number[], from: number, to: number): Scale {
  const highest = values.reduce((max, value) => Math.max(max, value), 0) || 1
  const step = roundStep(highest / ticksWanted)
  const count = Math.ceil(highest / step)
  const end = count * step
  return {
    ticks: Array.from({ length: count + 1 }, (_, index) => index * step),
    at: (value) => Math.round((from + ((to - from) * value) / end) * 10) / 10,
  }
}

/** From 1 to the first power of ten that no value exceeds. */
function logarithmicScale(values: readonly number[], from: number, to: number): Scale {
  const powers = Math.ceil(Math.log10(values.reduce((max, value) => Math.max(max, value), 10)))
  return {
    ticks: Array.from({ length: powers + 1 }, (_, power) => 10 ** power),
    at: (value) => Math.round((from + ((to - from) * Math.log10(value)) / powers) * 10) / 10,
  }
}

/** 1, 2 or 5 times a power of ten, not less than what is given. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10)
}

function polyline({ points }: Line, colour: string, x: Scale, y: Scale): string {
  const places = points.map(([across, up]) => `${x.at(across)},${y.at(up)}`).join(' ')
  return `<polyline points="${places}" fill="none" stroke="${colour}" stroke-width="1.5"/>`
}

function legendEntry(name: string, index: number): string {
  const left = plot.left + index * ((width - plot.left) / 6)
  const top = height - 20
  const swatch = `<rect x="${left}" y="${top - 9}" width="12" height="10" fill="${colours[index % colours.length]}"/>`
  return swatch + label(left + 17, top, 'start', name)
}

export function label(x: number, y: number, anchor: 'start' | 'middle' | 'end', text: string): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(text)}</text>`
}

function number(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString('en')
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
