/**
 * Charts show every point in its place, and nothing in a name can break out of its text.
 * @module
 */

import t from 'tap'
import { lineChart } from '../../../bench/chart.ts'

function placesOf(svg: string): readonly (readonly number[])[] {
  return [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, places = '']) =>
    places.split(/[ ,]/).filter(Boolean).map(Number),
  )
}

t.test('each line has its points from left to right, higher values higher up', async (t) => {
  const rising = {
    name: 'rising',
    points: [
      [0, 0],
      [5, 50],
      [10, 100],
    ] as const,
  }
  const level = {
    name: 'level',
    points: [
      [0, 50],
      [10, 50],
    ] as const,
  }
  const svg = lineChart({ title: 'a', xLabel: 's', yLabel: 'MiB', lines: [rising, level] })
  const [[x0 = 0, y0 = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0] = [], [, levelY] = []] = placesOf(svg)
  t.ok(x0 < x1 && x1 < x2)
  t.equal(x1 - x0, x2 - x1)
  t.ok(y0 > y1 && y1 > y2)
  t.equal(levelY, y1)
})

t.test('names are text, whatever they hold', async (t) => {
  const svg = lineChart({
    title: '<script>&',
    xLabel: 's',
    yLabel: 'n',
    lines: [{ name: '</text>', points: [] }],
  })
  t.notMatch(svg, '<script>')
  t.match(svg, '&lt;script&gt;&amp;')
  t.match(svg, '&lt;/text&gt;')
})

t.test('without a point it is a pair of axes', async (t) => {
  const svg = lineChart({ title: 'none', xLabel: 's', yLabel: 'n', lines: [] })
  t.notMatch(svg, /NaN|Infinity/)
})
