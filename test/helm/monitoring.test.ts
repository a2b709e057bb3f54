/**
 * Alerts and dashboard ask only for what a gateway really exposes: every metric, every label and every value that they
 * name is there. And the alerts go off when they should.
 * @module
 */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import type { ExchangeOutcome } from '../../src/observability/metrics.ts'
import { refusalCodes } from '../../src/request/refusal.ts'
import { request } from '../support/raw-request.ts'
import { recordingUpstream } from '../support/recording-upstream.ts'
import { chartFolder } from './chart.ts'
import { deploy, started } from './deploy.ts'

interface Question {
  readonly title: string
  readonly expr: string
  /** Labels that its text shows. */
  readonly shown: readonly string[]
}

interface Alert {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: Readonly<Record<string, string>>
}

interface Panel {
  readonly id: number
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

const alerts: readonly Alert[] = parse(read('alerts.yaml')).groups[0].rules
const panels: readonly Panel[] = JSON.parse(read('dashboard.json')).panels

const questions: readonly Question[] = [
  ...alerts.map(({ alert, expr, annotations }) => ({
    title: alert,
    expr,
    shown: namesIn(Object.values(annotations).join(' '), /\{\{ \$labels\.(\w+) \}\}/g),
  })),
  ...panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      title,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$namespace', '.*'),
      shown: namesIn(legendFormat, /\{\{(\w+)\}\}/g),
    })),
  ),
]

/** Labels that Prometheus adds to each series, and that of buckets. */
const added = ['namespace', 'job', 'instance', 'pod', 'le']

function read(name: string): string {
  return readFileSync(join(chartFolder, 'files', name), 'utf8')
}

function namesIn(text: string, pattern: RegExp): readonly string[] {
  return Array.from(text.matchAll(pattern), ([, name = '']) => name)
}

const metricsIn = (expr: string) => namesIn(expr, /\b((?:sallyport|http|process|nodejs)_\w+)/g)

/** The family that a series belongs to: those of histograms have suffixes. */
const familyOf = (metric: string, types: ReadonlyMap<string, string>) => {
  const family = metric.replace(/_(bucket|sum|count)$/, '')
  return types.get(family) === 'histogram' ? family : metric
}

/** Families by name with their type, and the label names that their samples have. */
function readFamilies(text: string) {
  const types = new Map(
    Array.from(text.matchAll(/^# TYPE (\S+) (\S+)$/gm), ([, name = '', type = '']) => [name, type] as const),
  )
  const labels = new Map<string, Set<string>>()
  for (const [, metric = '', pairs = ''] of text.matchAll(/^([a-z_]\w*)(?:\{(.*)\})? \S+$/gm)) {
    const family = familyOf(metric, types)
    const known = labels.get(family) ?? new Set()
    labels.set(family, known)
    for (const name of namesIn(pairs, /(?:^|,)(\w+)="/g)) known.add(name)
  }
  return { types, labels }
}

/** What a gateway of each kind exposes once it was used: one with workers, and one with limits and judged targets. */
async function scrape(): Promise<string> {
  const upstream = await recordingUpstream(t)
  const path = { match: { path: '/{path*}' }, upstream: 'legacy' }
  const deployed = await deploy(t, upstream.url, {
    listen: { workers: 2 },
    upstreams: { legacy: { url: upstream.url, health: { path: '/health' } } },
    limits: { few: { by: 'address', requests: 1, per: '24h' } },
    routes: [{ name: 'everything', ...path, limits: ['few'] }],
  })
  const { code, stderr } = await deployed.prepare()
  if (code !== 0) throw new Error(stderr)
  const issued = await deployed.command('token', 'issue', '--kind', 'personal', '--subject', 'a', '--json')
  const { token } = JSON.parse(issued.stdout)
  await started(await deployed.serve())
  for (const status of [200, 429]) {
    const answer = await request(deployed.port, {
      path: '/x',
      headers: [['Authorization', `Bearer ${token}`]],
    })
    if (answer.status !== status) throw new Error(`the gateway answered ${answer.status}`)
  }
  const { body } = await request(deployed.adminPort, { path: '/metrics' })
  return body.toString()
}

const { types, labels } = readFamilies(await scrape())
const operations = readFileSync(join(chartFolder, '../../docs/operations.md'), 'utf8')

/** Whether a family has a label: as its samples say, or where it has none yet, the table of metrics. */
function hasLabel(family: string, label: string): boolean {
  if (added.includes(label)) return true
  const known = labels.get(family)
  if (known !== undefined) return known.has(label)
  const row = operations.split('\n').find((line) => line.startsWith(`| \`${family}\``)) ?? ''
  return row.includes(`\`${label}\``)
}

t.test('every metric that is asked for is exposed', async (t) => {
  for (const { title, expr } of questions) {
    const metrics = metricsIn(expr)
    t.ok(metrics.length > 0, `${title} asks for a metric`)
    for (const metric of metrics) t.ok(types.has(familyOf(metric, types)), `${title}: ${metric}`)
  }
})

t.test(
  'every label that is asked for is one of its metric, and only those that are left are shown',
  async (t) => {
    for (const { title, expr, shown } of questions) {
      const families = metricsIn(expr).map((metric) => familyOf(metric, types))
      const grouped = namesIn(expr, /\bby \(([^)]*)\)/g).flatMap((list) => list.split(', '))
      const matched = namesIn(expr, /[{,](\w+)=~?"/g)
      for (const label of [...grouped, ...matched, ...shown]) {
        t.ok(
          families.some((family) => hasLabel(family, label)),
          `${title}: ${label}`,
        )
      }
      if (grouped.length > 0)
        for (const label of shown) t.ok(grouped.includes(label), `${title} shows ${label}`)
    }
  },
)

t.test('every outcome that is asked for is one', async (t) => {
  const others: readonly ExchangeOutcome[] = [
    'forwarded',
    'served',
    'shadowed',
    'tunnelled',
    'aborted',
    'revoked',
  ]
  const outcomes: readonly string[] = [...refusalCodes, ...others]
  for (const { title, expr } of questions) {
    for (const outcome of namesIn(expr, /outcome="(\w+)"/g))
      t.ok(outcomes.includes(outcome), `${title}: ${outcome}`)
  }
})

t.test('every alert says how bad it is, what is the matter and what to look at', async (t) => {
  for (const { alert, labels, annotations } of alerts) {
    t.ok(['critical', 'warning'].includes(labels.severity), alert)
    t.hasProps(annotations, ['summary', 'description'], alert)
  }
})

t.test('no two panels of the dashboard have the same id or cover each other', async (t) => {
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const places = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, place) => `${x + (place % w)},${y + Math.trunc(place / w)}`),
  )
  t.equal(new Set(places).size, places.length)
})

t.test('Prometheus understands every alert and every panel', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-rules-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const rules = questions.map(({ expr }, index) => ({ record: `question:${index}`, expr }))
  const file = join(folder, 'panels.yaml')
  writeFileSync(file, stringify({ groups: [{ name: 'panels', rules }] }))
  for (const rules of [file, join(chartFolder, 'files/alerts.yaml')]) {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', rules], { encoding: 'utf8' })
    t.equal(status, 0, stdout + stderr)
  }
})

t.test('alerts go off when they should, and not otherwise', async (t) => {
  const cases = join(import.meta.dirname, 'alerts.promtool.yaml')
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', cases], { encoding: 'utf8' })
  t.equal(status, 0, stdout + stderr)
  const text = readFileSync(cases, 'utf8')
  for (const { alert } of alerts) t.ok(text.includes(alert), `${alert} has a case`)
})
