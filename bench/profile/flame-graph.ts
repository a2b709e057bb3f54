/**
 * A flame graph as SVG: callers below, callees above, as wide as they took long. A browser tells more of what the pointer is on.
 * @module
 */

import { escaped } from '../chart.ts'
import { type Call, totalUs } from './cpu-profile.ts'
import { layerOf } from './layers.ts'

const width = 1200
const rowHeight = 17
const top = 34
/** Narrower ones are left out. */
const widthMin = 0.6
const charWidth = 6.2
const colours: readonly (readonly [layer: RegExp, colour: string])[] = [
  [/^ours/, '#f0a070'],
  [/^kernel/, '#d0d0d0'],
  [/^garbage/, '#e58b8b'],
  [/^event loop/, '#bcbcbc'],
  [/^Fastify|^package/, '#a9d6a0'],
  [/./, '#9cc3e6'],
]

interface Frame {
  readonly call: Call
  readonly depth: number
  readonly left: number
  readonly width: number
}

/** Ours are orange, Node's blue, packages' green. */
export function flameGraph(title: string, root: Call): string {
  const allUs = totalUs(root)
  const frames = framesOf(root, width / allUs)
  const depth = frames.reduce((max, frame) => Math.max(max, frame.depth), 0)
  const height = top + (depth + 1) * rowHeight + 8
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="monospace" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="8" y="20" font-size="15" font-family="sans-serif">${escaped(title)}</text>`,
    ...frames.map((frame) => drawn(frame, height, allUs)),
    '</svg>\n',
  ].join('\n')
}

function framesOf(root: Call, pixelsPerUs: number): readonly Frame[] {
  const frames: Frame[] = []
  const place = (call: Call, depth: number, left: number): number => {
    const wide = totalUs(call) * pixelsPerUs
    if (wide < widthMin) return wide
    frames.push({ call, depth, left, width: wide })
    let next = left
    for (const callee of call.callees.values()) next += place(callee, depth + 1, next)
    return wide
  }
  place(root, 0, 0)
  return frames
}

function drawn({ call, depth, left, width: wide }: Frame, height: number, allUs: number): string {
  const y = height - 8 - (depth + 1) * rowHeight
  const layer = layerOf(call)
  const colour = colours.find(([pattern]) => pattern.test(layer))?.[1]
  const share = ((100 * totalUs(call)) / allUs).toFixed(1)
  const title = `<title>${escaped(`${call.name}: ${share} % (${layer})`)}</title>`
  const text = call.name.slice(0, Math.max(0, Math.floor((wide - 6) / charWidth)))
  const box = `<rect x="${left.toFixed(1)}" y="${y}" width="${(wide - 0.3).toFixed(1)}" height="${rowHeight - 1}" fill="${colour}"/>`
  const label =
    text.length > 2 ? `<text x="${(left + 3).toFixed(1)}" y="${y + 12}">${escaped(text)}</text>` : ''
  return `<g>${title}${box}${label}</g>`
}
