/**
 * What is read: look-ups of requests, single records, and pages of lists, each of the real adapter.
 * @module
 */

import type { Digest, Digests, TokenFilter, TokenStore } from '../../src/tokens/ports.ts'
import {
  largeProject,
  largeSubject,
  type Population,
  projectName,
  rareKind,
  subjectName,
  worn,
} from './population.ts'
import { type Latency, sampled } from './sampled.ts'

export type Figures = Record<string, Latency>
type Ask = (number: number) => Promise<unknown>

const pageRows = 50

export async function measureReads(
  store: TokenStore,
  population: Population,
  samples: number,
  onProgress: (what: string) => void,
): Promise<Figures> {
  const figures: Figures = {}
  for (const [what, ask] of [...lookups(store, population), ...pages(store, population)]) {
    onProgress(what)
    figures[what] = await sampled(samples, ask)
  }
  return figures
}

function lookups(store: TokenStore, population: Population): [what: string, ask: Ask][] {
  const known: Ask = (number) => expectFound(store, [population.spread(number).digest], true)
  const unknown: Ask = (number) => expectFound(store, [population.unknownDigest(number)], false)
  return [
    ['look-up, ring of 1 key, known', known],
    ['look-up, ring of 1 key, unknown', unknown],
    ['look-up, ring of 3 keys, known', (n) => expectFound(store, ringOf(population.spread(n).digest), true)],
    [
      'look-up, ring of 3 keys, unknown',
      (n) => expectFound(store, ringOf(population.unknownDigest(n)), false),
    ],
    ['show', (number) => store.showToken(population.spread(number).id)],
    ['count by key', () => store.countByKey(population.now)],
  ]
}

/** A text has another digest under each key of the ring. */
function ringOf(digest: Digest): Digests {
  const other = (keyId: string) => ({ keyId, value: digest.value.split('').reverse().join('') })
  return [other('k3'), digest, other('k0')]
}

async function expectFound(store: TokenStore, digests: Digests, isKnown: boolean): Promise<void> {
  const { token } = await store.find(digests)
  if ((token !== undefined) !== isKnown)
    throw new Error('a look-up found what it should not, or did not find it')
}

function pages(store: TokenStore, population: Population): [what: string, ask: Ask][] {
  const filters = pageFilters(population)
  return filters.flatMap(([what, filterOf]): [string, Ask][] => {
    const page = (number: number, after?: string) =>
      store.listTokens({
        now: population.now,
        limit: pageRows,
        state: 'all',
        ...filterOf(number),
        ...(after === undefined ? {} : { after }),
      })
    return [
      [`page: ${what}`, (number) => page(number)],
      [`page: ${what}, deep`, (number) => page(number, population.idAt(0.3 + (number % 100) / 250))],
    ]
  })
}

type FilterOf = (number: number) => Partial<TokenFilter>

function pageFilters(population: Population): [what: string, filterOf: FilterOf][] {
  const large = { subject: subjectName(largeSubject) }
  const wornOut = { subject: subjectName(worn) }
  const project = { binding: { key: 'project', value: projectName(largeProject) } }
  const states = ['all', 'active', 'revoked', 'expired'] as const
  const inEach = (what: string, filter: Partial<TokenFilter>): [string, FilterOf][] =>
    states.map((state) => [`${what}, ${state}`, () => ({ ...filter, state })])
  return [
    ...inEach('every token', {}),
    ['some subject', (number) => ({ subject: subjectName(population.spread(number).subject) })],
    ...inEach('large subject', large),
    ['worn subject, active', () => ({ ...wornOut, state: 'active' })],
    ['some project', (number) => ({ binding: projectOf(population, number) })],
    ...inEach('large project', project),
    ...inEach('kind build', { kind: 'build' }),
    ...inEach('kind personal', { kind: 'personal' }),
    ...inEach('kind admin, rare', { kind: rareKind }),
    ['large subject, kind deploy, active', () => ({ ...large, kind: 'deploy', state: 'active' })],
    ['former key, all', () => ({ keyId: 'k1' })],
    ['former key, active', () => ({ keyId: 'k1', state: 'active' })],
    ['unknown key, all', () => ({ keyId: 'k0' })],
    ['derived from one', (number) => ({ parentId: population.spread(number).id })],
  ]
}

function projectOf(population: Population, number: number): { key: string; value: string } {
  return { key: 'project', value: projectName(population.spread(number).project ?? largeProject) }
}
