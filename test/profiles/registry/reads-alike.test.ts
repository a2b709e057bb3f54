/**
 * A real registry that verifies tokens says in its challenge what it would ask for: what the gateway reads of a request
 * is compared with that, for requests of every kind.
 * @module
 */

import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { readRegistryOperation } from '../../../src/profiles/registry/registry-operation.ts'
import { startRegistry } from '../../support/docker-registry.ts'

const certificate = join(import.meta.dirname, '../../support/certificates/ca.pem')
const registry = await startRegistry(t, {
  tokenAuth: {
    realm: 'http://127.0.0.1/token',
    service: 'registry',
    issuer: 'gateway',
    rootCertificates: readFileSync(certificate, 'utf8'),
  },
})
const agent = new Agent({ keepAlive: true, maxSockets: 4 })
t.teardown(() => agent.destroy())

interface Asked {
  readonly status: number
  /** `repository:acme/app:pull,push`, sorted; none when it asked for nothing. */
  readonly scopes: readonly string[]
}

/** What the registry asks for. The target goes as it is. */
function ask(method: string, target: string): Promise<Asked> {
  const { promise, resolve, reject } = Promise.withResolvers<Asked>()
  const outgoing = request({ host: '127.0.0.1', port: registry.port, method, path: target, agent })
  outgoing.on('error', reject).on('response', (incoming) => {
    incoming.resume().on('end', () => {
      const [, text = ''] = /scope="([^"]*)"/.exec(incoming.headers['www-authenticate'] ?? '') ?? []
      resolve({
        status: incoming.statusCode ?? 0,
        scopes: text.split(' ').filter(Boolean).map(sorted).sort(),
      })
    })
  })
  outgoing.end()
  return promise
}

/** The registry lists actions in any order. */
function sorted(scope: string): string {
  const [, resource = '', actions = ''] = /^(.*):([^:]*)$/.exec(scope) ?? []
  return `${resource}:${actions.split(',').sort().join()}`
}

/** What the gateway would ask for; `undefined` when it refuses. */
function expected(
  method: string,
  target: string,
): { scopes: readonly string[]; isReferrers: boolean } | undefined {
  const [rawPath = ''] = target.split('?', 1)
  const operation = readRegistryOperation({
    method,
    rawPath,
    query: target.slice(rawPath.length),
    rawHeaders: [],
  })
  switch (operation.kind) {
    case 'unknown':
      return undefined
    case 'base':
      return { scopes: [], isReferrers: false }
    case 'catalog':
      return { scopes: ['registry:catalog:*'], isReferrers: false }
    default: {
      const { repository, actions, mountFrom } = operation
      const needed = new Map([[repository, new Set<string>(actions)]])
      if (mountFrom !== undefined) needed.set(mountFrom, new Set([...(needed.get(mountFrom) ?? []), 'pull']))
      const scopes = [...needed].map(([name, set]) => sorted(`repository:${name}:${[...set].join()}`))
      return { scopes: scopes.sort(), isReferrers: operation.kind === 'referrers' }
    }
  }
}

/** Everything that is let through is, to the registry, the same operation on the same repositories. */
async function readsAlike(method: string, target: string): Promise<boolean> {
  const read = expected(method, target)
  const asked = await ask(method, target)
  if (read === undefined) return true
  // This version knows no referrers.
  if (read.isReferrers) return asked.status === 404
  return asked.status === 401 && JSON.stringify(asked.scopes) === JSON.stringify(read.scopes)
}

const digest = `sha256:${'5'.repeat(64)}`
const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'get')
const word = fc.constantFrom(
  'manifests',
  'blobs',
  'uploads',
  'tags',
  'list',
  'referrers',
  '_catalog',
  'acme',
  'a-b',
  'x__y',
  'v1',
  digest,
)
const oddWord = fc.constantFrom(
  '',
  '.',
  '..',
  'ACME',
  'host:5000',
  'a%2Fb',
  '%61',
  'tags%2Flist',
  'a;b',
  'a_',
  encodeURIComponent(digest),
  `${'b'.repeat(250)}`,
)

t.test('a path of any words is the same operation to both, or refused', async () => {
  const segments = fc.array(fc.oneof({ weight: 9, arbitrary: word }, { weight: 1, arbitrary: oddWord }), {
    minLength: 1,
    maxLength: 7,
  })
  await fc.assert(
    fc.asyncProperty(methods, segments, (method, words) => readsAlike(method, `/v2/${words.join('/')}`)),
    { numRuns: 1_500 },
  )
})

t.test('a path of the API on a repository of any name is the same operation to both', async (t) => {
  let known = 0
  const name = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join('/'))
  const tail = fc.constantFrom(
    'manifests/v1',
    `manifests/${digest}`,
    `blobs/${digest}`,
    'blobs/uploads/',
    'blobs/uploads/list',
    'tags/list',
  )
  await fc.assert(
    fc.asyncProperty(methods, name, tail, async (method, repository, end) => {
      if (expected(method, `/v2/${repository}/${end}`) !== undefined) known += 1
      return readsAlike(method, `/v2/${repository}/${end}`)
    }),
    { numRuns: 500 },
  )
  t.ok(known > 50, `${known} of them are let through`)
})

t.test('a query of any parts is the same mount to both, or refused', async (t) => {
  let mounts = 0
  const piece = fc.constantFrom(
    'from',
    'mount',
    'From',
    '%66rom',
    'fro%6D',
    '+from',
    '=',
    '=',
    '=',
    '&',
    '&',
    '&',
    ';',
    '?',
    '+',
    '%',
    '%ff',
    'other/app',
    'other%2Fapp',
    'third',
    digest,
    encodeURIComponent(digest),
  )
  const query = fc.oneof(
    fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join('')),
    fc
      .shuffledSubarray([
        `mount=${digest}`,
        'from=other/app',
        'from=acme/app',
        'digest=x',
        'from=third',
        'a=;',
      ])
      .map((parts) => parts.join('&')),
  )
  await fc.assert(
    fc.asyncProperty(query, (text) => {
      const target = `/v2/acme/app/blobs/uploads/?${text}`
      if ((expected('POST', target)?.scopes.length ?? 0) > 1) mounts += 1
      return readsAlike('POST', target)
    }),
    { numRuns: 1_500 },
  )
  t.ok(mounts > 20, `${mounts} of them are let through with a source`)
})
