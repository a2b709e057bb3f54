/**
 * The gateway of a release, as its notes and docs/kubernetes.md have people use it.
 * @module
 */

import type { Namespace } from './namespace.ts'

export interface Issued {
  readonly id: string
  readonly token: string
}

const settings = ['--config', '/etc/sallyport/sallyport.yaml']
const deployment = 'deployment/gateway-sallyport'

/** By the command of the chart's notes. */
export function issueToken(namespace: Namespace, inside = deployment): Issued {
  return JSON.parse(
    execute(namespace, inside, 'issue', '--kind', 'personal', '--subject', 'alice', '--by', 'test', '--json'),
  )
}

/** Resolved when all replicas refuse it, as the command promises. */
export function revokeToken(namespace: Namespace, id: string): void {
  execute(namespace, deployment, 'revoke', id, '--by', 'test')
}

function execute({ kubectl }: Namespace, inside: string, verb: string, ...words: readonly string[]): string {
  return kubectl(['exec', inside, '--', 'node', 'dist/main.js', 'token', verb, ...settings, ...words])
}

export interface Replica {
  readonly name: string
  readonly address: string
}

/** The pods with a gateway that are not about to end, in order of their names. */
export function replicasOf(
  { kubectl }: Namespace,
  selector = 'app.kubernetes.io/component=gateway',
): readonly Replica[] {
  const { items } = JSON.parse(kubectl(['get', 'pods', '--selector', selector, '--output=json']))
  return items
    .filter(({ metadata }: Pod) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, status }: Pod) => ({ name: metadata.name, address: status.podIP }))
}

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
  readonly status: { readonly podIP: string }
}

export function bearer(token: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}` }
}
