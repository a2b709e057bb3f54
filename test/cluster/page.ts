/**
 * What docs/kubernetes.md says, as it is run here.
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { imageName } from '../container/image.ts'
import { chartFolder } from '../helm/chart.ts'
import type { Namespace } from './namespace.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/kubernetes.md'), 'utf8')

/** The page's values for a mode, with the image of the tests and the service of the name space. */
export function valuesOfPage(mode: 'standalone' | 'decision', { name }: Namespace): string {
  const blocks = [...page.matchAll(/```yaml\n# values\.yaml\n(.*?)```/gs)].map(([, values = '']) => values)
  const values = blocks.find((block) => block.includes('mode: decision') === (mode === 'decision'))
  if (values === undefined) throw new Error(`docs/kubernetes.md has no values.yaml for ${mode}`)
  return values.replaceAll('legacy.default.svc', `legacy.${name}.svc`)
}

/** That which lets the gateway's pods alone reach the service. */
export function policyOfPage(): string {
  const [, policy] = /```yaml\n(apiVersion: networking.*?)```/s.exec(page) ?? []
  if (policy === undefined) throw new Error('docs/kubernetes.md has no NetworkPolicy for the service')
  return policy
}

/** For `helm install` and `helm upgrade`, behind the release: the chart, where it goes, and values of `--values -`. */
export function wordsFor({ name }: Namespace, verb: 'install' | 'upgrade', ...more: readonly string[]) {
  const [repository, tag] = imageName.split(':')
  return [
    ...[verb, 'gateway', chartFolder, '--namespace', name, '--wait', '--timeout', '120s', '--values', '-'],
    ...['--set', `image.repository=${repository}`, '--set', `image.tag=${tag}`, ...more],
  ]
}
