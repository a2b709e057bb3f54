/**
 * What may grow in a gateway, each alone, from the least to a lot.
 * @module
 */

import type { IssueRequest } from '../../src/tokens/life/issue-token.ts'
import type { Configuration } from '../gateway-process.ts'

type Route = Omit<Configuration['routes'][number], 'upstream'>

/** One size of one thing. */
export interface Step {
  readonly size: number
  readonly routes: readonly Route[]
  /** What is asked for; the last of the routes serves it. */
  readonly path: string
  /** How many are asked with in turn. */
  readonly tokens: number
  readonly token: Partial<IssueRequest>
  /** One process unless given. */
  readonly workers?: number
}

export interface Series {
  readonly name: 'routes' | 'tokens' | 'rules' | 'workers'
  /** On all cores, which load and upstream have a part in then, and not on one of its own. */
  readonly isUnpinned?: boolean
  readonly steps: readonly Step[]
}

const everything = { name: 'everything', match: { path: '/{rest*}' } }
const scopes = ['read', 'list']
/** What the token of all steps has, so that each rule holds. */
const tokenOfAll = { scopes, bindings: { account: ['a'] }, networks: ['127.0.0.0/8'], paths: ['/v1'] }

/** Each adds one to what a token is held against besides its kind, its access, its own networks and paths. */
const rules: readonly NonNullable<Route['authorize']>[] = [
  { ignoreBindings: ['*'] },
  { scopes: { allOf: ['read'] } },
  { scopes: { allOf: ['read', 'list'] } },
  { scopes: { allOf: ['read', 'list'], anyOf: ['list', 'write'] } },
  { networks: ['10.0.0.0/8', '127.0.0.0/8'] },
  { bindings: { account: '{account}' }, ignoreBindings: [] },
  { condition: '"read" in token.scopes' },
  { condition: '"read" in token.scopes && request.method == "GET" && subject.name != "mallory"' },
]

export const allSeries: readonly Series[] = [
  {
    name: 'routes',
    steps: [1, 10, 100, 1_000].map((size) => ({
      size,
      routes: Array.from({ length: size }, (_, index) => ({
        name: `route-${index}`,
        match: { path: `/service-${index}/{rest*}` },
      })),
      path: `/service-${size - 1}/a`,
      tokens: 1,
      token: {},
    })),
  },
  {
    name: 'tokens',
    steps: [10, 100, 1_000, 10_000, 100_000].map((size) => ({
      size,
      routes: [everything],
      path: '/',
      tokens: size,
      token: {},
    })),
  },
  {
    name: 'rules',
    steps: [1, 2, 4, 6, 8].map((size) => ({
      size,
      routes: [
        {
          name: 'ruled',
          match: { path: '/v1/{account}/{rest*}' },
          authorize: Object.assign({}, ...rules.slice(0, size)),
        },
      ],
      path: '/v1/a/b',
      tokens: 1,
      token: tokenOfAll,
    })),
  },
  {
    name: 'workers',
    isUnpinned: true,
    steps: [1, 2].map((size) => ({
      size,
      routes: [everything],
      path: '/',
      tokens: 1,
      token: {},
      workers: size,
    })),
  },
]
