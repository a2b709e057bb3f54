/**
 * Bar charts as SVG: one figure of several things, to be looked at in a page.
 * @module
 */

import { escaped, label } from './chart.ts'

export interface Bars {
  /** With the unit. */
  readonly title: string
  readonly bars: readonly {
    readonly name: string
    readonly value: number
    readonly isOurs: boolean
  }[]
}

const width = 860
const barHeight = 22
const rowHeight = 32
const plot = { left: 260, right: 80, top: 44, bottom: 12 }

/** Bars lie, begin at 0 and bear their figure. */
export function barChart({ title, bars }: Bars): string {
  const height = plot.top + bars.length * rowHeight + plot.bottom
  const highest = bars.reduce((max, { value }) => Math.max(max, value), 0) || 1
  const rows = bars.flatMap(({ name, value, isOurs }, index) => {
    const top = plot.top + index * rowHeight
    const length = Math.round(((width - plot.left - plot.right) * value) / highest)
    return [
      label(plot.left - 8, top + 15, 'end', name),
      `<rect x="${plot.left}" y="${top}" width="${length}" height="${barHeight}" fill="${isOurs ? '#d55e00' : '#0072b2'}"/>`,
      label(plot.left + length + 6, top + 15, 'start', value.toFixed(1)),
    ]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="16" y="26" font-size="15">${escaped(title)}</text>`,
    ...rows,
    '</svg>\n',
  ].join('\n')
}
