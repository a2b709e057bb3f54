/**
 * What Helm makes of the chart, as text and as objects.
 * @module
 */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Scope } from '../support/private-server.ts'

const root = join(import.meta.dirname, '../..')
export const chartFolder = join(root, 'helm/sallyport')
const exampleFolder = join(root, 'helm/examples/legacy-service')
/** The Kubernetes that is rendered for, and whose schemas `kubernetes-models` carries. */
const kubeVersion = '1.34.0'

/** An object of Kubernetes, as far as it is the same for all kinds. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  // biome-ignore lint/suspicious/noExplicitAny: what a kind holds is for its schema to say, and for the test to look at.
  readonly [section: string]: any
}

export type Rendered =
  | { readonly ok: true; readonly text: string; readonly objects: readonly KubernetesObject[] }
  | { readonly ok: false; readonly error: string }

/** Values that go over those of the chart; nested sections are merged. */
export type Values = Readonly<Record<string, unknown>>

/** The plans that the tests look at, each in `values/NAME.yaml`. */
export const plans = ['standalone', 'everything', 'decision', 'decision-grpc', 'sidecar'] as const
export type Plan = (typeof plans)[number]

/** Renders the chart with the values of a plan and those given over them; the release is `demo`. */
export function render(plan: Plan, values: Values = {}, kubernetes = kubeVersion): Rendered {
  return template(chartFolder, ['--values', valuesFile(plan), '--kube-version', kubernetes], values)
}

/** Renders the chart with these values and no others. */
export function renderAlone(values: Values): Rendered {
  return template(chartFolder, ['--kube-version', kubeVersion], values)
}

/** Renders the example that has the chart as a dependency. Its folder, copied, is removed when the test is over. */
export function renderExample(t: Scope, values: Values = {}): Rendered {
  return template(copyExample(t), ['--kube-version', kubeVersion], values)
}

/** What Helm tells whoever installs the chart, which `helm template` does not print by itself. */
export function notes(t: Scope, plan: Plan, values: Values = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-notes-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(chartFolder, folder, { recursive: true })
  const text = readFileSync(join(folder, 'templates/NOTES.txt'), 'utf8')
  const object = `{{ define "notes" }}${text}{{ end }}
apiVersion: v1
kind: ConfigMap
metadata: { name: told }
data:
  notes: |
    {{- include "notes" . | nindent 4 }}
`
  writeFileSync(join(folder, 'templates/told.yaml'), object)
  const words = ['--values', valuesFile(plan), '--kube-version', kubeVersion, '--namespace', 'gateways']
  return only(objectsOf(template(folder, words, values)), 'ConfigMap', 'told').data.notes
}

/** Throws what Helm said when it refused. */
export function objectsOf(rendered: Rendered): readonly KubernetesObject[] {
  if (!rendered.ok) throw new Error(rendered.error)
  return rendered.objects
}

/** The only object of a kind whose name ends so. Throws when there are none or several. */
export function only(objects: readonly KubernetesObject[], kind: string, suffix = ''): KubernetesObject {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name.endsWith(suffix))
  const [object] = found
  if (object === undefined || found.length > 1) throw new Error(`${found.length} objects of kind ${kind}`)
  return object
}

/** What `helm lint --strict` says of the chart with a plan, or of the example without. */
export function lint(t: Scope, plan?: Plan): { readonly ok: boolean; readonly output: string } {
  const words = plan === undefined ? [copyExample(t)] : [chartFolder, '--values', valuesFile(plan)]
  const { status, stdout, stderr } = helm(['lint', '--strict', '--kube-version', kubeVersion, ...words])
  return { ok: status === 0, output: stdout + stderr }
}

/** The example where the chart is fetched as a dependency, which leaves files behind. */
export function copyExample(t: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-chart-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(join(root, 'helm'), folder, { recursive: true })
  const example = join(folder, exampleFolder.slice(join(root, 'helm').length))
  const { status, stderr } = helm(['dependency', 'update', example])
  if (status !== 0) throw new Error(stderr)
  return example
}

function template(folder: string, words: readonly string[], values: Values): Rendered {
  const { status, stdout, stderr } = helm(
    ['template', 'demo', folder, ...words, '--values', '-'],
    JSON.stringify(values),
  )
  if (status !== 0) return { ok: false, error: stderr }
  const objects = parseAllDocuments(stdout).flatMap((document): KubernetesObject[] => {
    const [error] = document.errors
    if (error !== undefined) throw error
    return document.toJS() ?? []
  })
  return { ok: true, text: stdout, objects }
}

function helm(words: readonly string[], input = '') {
  return spawnSync(process.env.HELM ?? 'helm', words, { encoding: 'utf8', input })
}

function valuesFile(plan: string): string {
  return join(import.meta.dirname, 'values', `${plan}.yaml`)
}
