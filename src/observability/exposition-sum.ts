/**
 * Adds up what several processes expose in the Prometheus text format, series by series: counters and histograms are
 * summed, and each gauge is put together as its meaning has it.
 * @module
 */

type Across = 'sum' | 'max' | 'min'

/** Gauges without a label that names their process. The worst state, age or delay of all is what an alarm needs. */
const gauges: Readonly<Record<string, Across>> = {
  sallyport_workers: 'sum',
  sallyport_exchanges_in_flight: 'sum',
  sallyport_connections_open: 'sum',
  sallyport_tunnels_open: 'sum',
  sallyport_limit_keys: 'sum',
  sallyport_limits_counted_alone: 'max',
  sallyport_event_loop_delay_seconds: 'max',
  sallyport_change_feed_age_seconds: 'max',
  sallyport_key_ring_key: 'max',
  sallyport_key_ring_outdated: 'max',
  sallyport_certificates_outdated: 'max',
  sallyport_certificate_expiry_timestamp_seconds: 'min',
  sallyport_config_last_reload_success: 'min',
  sallyport_config_last_reload_success_timestamp_seconds: 'min',
  sallyport_upstream_target_up: 'min',
}

interface Family {
  readonly type: string
  readonly help: string
  /** By the whole name with its labels, as the text has it. */
  readonly samples: Map<string, number>
}

/** What one process exposes, by the name of the family. */
export type Exposition = ReadonlyMap<string, Family>

/** Reads what our own families and prom-client write: `HELP`, `TYPE` and the samples of each family together. */
export function readExposition(text: string): Exposition {
  const families = new Map<string, Family>()
  let family: Family | undefined
  let help = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('# HELP ')) {
      help = line
    } else if (line.startsWith('# TYPE ')) {
      const [, , name = '', type = ''] = line.split(' ')
      family = { type, help, samples: new Map() }
      families.set(name, family)
    } else if (line !== '') {
      const space = line.lastIndexOf(' ')
      family?.samples.set(line.slice(0, space), Number(line.slice(space + 1)))
    }
  }
  return families
}

/** All of them together. What only some have is there too. */
export function addUp(expositions: readonly Exposition[]): Exposition {
  const total = new Map<string, Family>()
  for (const [name, { type, help, samples }] of expositions.flatMap((exposition) => [...exposition])) {
    const family = total.get(name) ?? { type, help, samples: new Map() }
    total.set(name, family)
    const across = type === 'gauge' ? gauges[name] : 'sum'
    for (const [series, value] of samples) {
      const former = family.samples.get(series)
      family.samples.set(series, former === undefined ? value : together(across, former, value))
    }
  }
  return total
}

/** What never goes back: a process that has ended leaves this behind, and nothing else. */
export function countsOf(exposition: Exposition): Exposition {
  return new Map([...exposition].filter(([, { type }]) => type !== 'gauge'))
}

export function writeExposition(exposition: Exposition): string {
  const families = Array.from(exposition, ([name, { type, help, samples }]) => {
    const lines = Array.from(samples, ([series, value]) => `${series} ${value}\n`)
    return `${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
  })
  return families.join('')
}

/** A gauge that nobody has said anything of shows the last process that was asked, rather than a sum that means nothing. */
function together(across: Across | undefined, one: number, other: number): number {
  switch (across) {
    case 'sum':
      return one + other
    case 'max':
      return Math.max(one, other)
    case 'min':
      return Math.min(one, other)
    case undefined:
      return other
    default:
      return across satisfies never
  }
}
