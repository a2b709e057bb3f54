/**
 * Counters, gauges and histograms in the Prometheus text format 0.0.4. Their series are made once and then
 * cost an addition; prom-client's hash and validate all labels on every observation, which is more than the
 * rest of a request's bookkeeping.
 * @module
 */

/** Label names and values, in the order in which they are shown. */
export type Labels = Readonly<Record<string, string>>

/** One number. Whoever holds it adds to it. */
export interface Cell {
  value: number
}

/** The durations of one series. */
export interface Latencies {
  /** Count one duration; a negative one, which a clock that was set may yield, counts as zero. */
  record(seconds: number): void
}

/** A family of series, as it is shown at a scrape. */
export interface Family {
  /** The family's `HELP`, `TYPE` and sample lines, each ended. */
  render(): string
}

/** Upper bounds in seconds: from an answer out of memory to a long upload. */
const upperBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]

/** A family whose numbers are cells. Ask once for each set of labels; series are never dropped. */
export function cellFamily(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
): Family & { cell(labels?: Labels): Cell } {
  const series: { readonly labels: Labels; readonly cell: Cell }[] = []
  return {
    cell: (labels = {}) => {
      const cell = { value: 0 }
      series.push({ labels, cell })
      return cell
    },
    render: () =>
      head(type, name, help) + series.map(({ labels, cell }) => sample(name, labels, cell.value)).join(''),
  }
}

/** A gauge that is read at the scrape; no sample while it is unknown. */
export function gaugeOf(name: string, help: string, read: () => number | undefined): Family {
  return {
    render: () => {
      const value = read()
      return head('gauge', name, help) + (value === undefined ? '' : sample(name, {}, value))
    },
  }
}

/** Gauges that are read at the scrape, each with its labels. */
export function gaugesOf(
  name: string,
  help: string,
  read: () => Iterable<readonly [labels: Labels, value: number]>,
): Family {
  return {
    render: () =>
      head('gauge', name, help) +
      Array.from(read(), ([labels, value]) => sample(name, labels, value)).join(''),
  }
}

/** A family of durations. Ask once for each set of labels; series are never dropped. */
export function latencyFamily(name: string, help: string): Family & { series(labels: Labels): Latencies } {
  const rendered: (() => string)[] = []
  return {
    series: (labels) => {
      const counts = new Array<number>(upperBounds.length + 1).fill(0)
      let sum = 0
      rendered.push(() => renderLatencies(name, labels, counts, sum))
      return {
        record: (seconds) => {
          const duration = Math.max(seconds, 0)
          const bucket = upperBounds.findIndex((bound) => duration <= bound)
          const index = bucket === -1 ? upperBounds.length : bucket
          counts[index] = (counts[index] ?? 0) + 1
          sum += duration
        },
      }
    },
    render: () => head('histogram', name, help) + rendered.map((render) => render()).join(''),
  }
}

function renderLatencies(name: string, labels: Labels, counts: readonly number[], sum: number): string {
  let total = 0
  const buckets = counts.map((count, index) => {
    total += count
    return sample(`${name}_bucket`, { ...labels, le: String(upperBounds[index] ?? '+Inf') }, total)
  })
  return buckets.join('') + sample(`${name}_sum`, labels, sum) + sample(`${name}_count`, labels, total)
}

function head(type: string, name: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
}

function sample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
