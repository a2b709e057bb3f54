/**
 * Whether a figure grows: the line of least squares through its floor in the last two thirds of the time. The floor is
 * the least of each ten seconds, because a heap is a saw: what stays behind shows where it has just been swept.
 * @module
 */

export type Point = readonly [seconds: number, value: number]

export interface Trend {
  /** By the line, at its end. */
  readonly level: number
  readonly perHour: number
  /** Twice the standard error of `perHour`. */
  readonly uncertaintyPerHour: number
  /** Of the line, from its beginning to its end. */
  readonly rise: number
  readonly isGrowing: boolean
}

const windowSeconds = 10

/** Grows: the line rises by more than its uncertainty, and by more than `tolerance` in all. */
export function trendOf(points: readonly Point[], tolerance: number): Trend {
  const end = points.at(-1)?.[0] ?? 0
  const late = points.filter(([seconds]) => seconds >= end / 3)
  const floor = floorOf(late)
  const { slope, slopeError, at } = leastSquares(floor)
  const [first = [0, 0] as const] = floor
  const last = floor.at(-1) ?? first
  const rise = at(last[0]) - at(first[0])
  return {
    level: at(last[0]),
    perHour: slope * 3600,
    uncertaintyPerHour: 2 * slopeError * 3600,
    rise,
    isGrowing: slope > 2 * slopeError && rise > tolerance,
  }
}

function floorOf(points: readonly Point[]): readonly Point[] {
  const windows = Map.groupBy(points, ([seconds]) => Math.floor(seconds / windowSeconds))
  return Array.from(windows.values(), (window) =>
    window.reduce((least, point) => (point[1] < least[1] ? point : least)),
  )
}

function leastSquares(points: readonly Point[]) {
  const count = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread
  const at = (x: number) => meanY + slope * (x - meanX)
  const residual = points.reduce((sum, [x, y]) => sum + (y - at(x)) ** 2, 0)
  return { slope, slopeError: Math.sqrt(residual / (count - 2) / spread), at }
}
