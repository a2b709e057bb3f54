/**
 * The gateway as `config/readthedocs.yaml` has it, before the stand-in, with keys for project A (`pip`) and B (`tox`).
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { interpolate } from '../../../src/config/interpolate.ts'
import { parseYaml } from '../../../src/config/parse-yaml.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import type { IssueRequest } from '../../../src/tokens/life/issue-token.ts'
import {
  type GatewayInput,
  type IssuedToken,
  startTestGateway,
  type TestGateway,
} from '../../support/gateway.ts'
import type { PlainRequest, RawAnswer } from '../../support/raw-request.ts'
import type { HeaderLine, RecordedRequest, RecordingUpstream } from '../../support/recording-upstream.ts'
import { type ReadTheDocs, serviceToken, startReadTheDocs } from './upstream.ts'

type Routes = readonly (GatewayInput['routes'][number] & Record<string, unknown>)[]

const folder = join(import.meta.dirname, '../../../config')

/** The routes of the example, as somebody wrote them. */
export function exampleRoutes(): Routes {
  const scope = { env: { READTHEDOCS_TOKEN: serviceToken }, folder }
  const fail = (message: string) => {
    throw new Error(message)
  }
  const { value } = parseYaml(readFileSync(join(folder, 'readthedocs.yaml'), 'utf8'), {
    scalar: (text) => interpolate(text, scope, fail),
    malformed: (_, message) => fail(message),
  })
  return (value as { routes: Routes }).routes
}

/** The second way of the example: Read the Docs decides by keys of its own. */
export function passingRoutes(): Routes {
  return exampleRoutes().map((route) => {
    if (typeof route.upstreamCredential !== 'object') return route
    const { facts: _, ...rest } = route
    return {
      ...rest,
      credentials: ['token'],
      upstreamCredential: 'passthrough',
      authorize: { kinds: ['build'], ignoreBindings: ['project', 'build'] },
    }
  })
}

/** With a keyword of `Authorization`. */
export function token(key: string): HeaderLine {
  return ['Authorization', `Token ${key}`]
}

export const json: HeaderLine = ['Content-Type', 'application/json']

export interface Scene {
  /** Text of the key ring. */
  readonly ring: string
  readonly service: ReadTheDocs
  readonly upstream: RecordingUpstream
  readonly gateway: TestGateway
  readonly keyA: IssuedToken
  readonly keyB: IssuedToken
  /** Whatever went up but for the gateway's own questions, which ask for JSON with its credential and nothing else. */
  carried(): readonly RecordedRequest[]
  issue(project: string, more?: Partial<IssueRequest>): Promise<IssuedToken>
  send(
    method: string,
    path: string,
    key?: string,
    more?: Pick<PlainRequest, 'headers' | 'body'>,
  ): Promise<RawAnswer>
}

export interface SceneOptions extends Partial<Omit<GatewayInput, 'upstream'>> {
  readonly clock?: { now(): number }
}

export async function start(
  t: Test,
  { clock = systemClock, routes = exampleRoutes(), ...more }: SceneOptions = {},
): Promise<Scene> {
  const { service, upstream } = await startReadTheDocs(t)
  const ring = more.keys?.ring ?? newKeyRing(clock).reveal()
  const gateway = await startTestGateway(
    t,
    {
      upstream: upstream.url,
      upstreams: { readthedocs: { url: upstream.url } },
      routes,
      keys: { ring },
      ...more,
    },
    clock,
  )
  const issue: Scene['issue'] = (project, asked) =>
    gateway.issue({ kind: 'build', subject: 'builder', bindings: { project: [project] }, ...asked })
  return {
    ring,
    service,
    upstream,
    gateway,
    keyA: await issue('pip'),
    keyB: await issue('tox'),
    carried: () => upstream.requests.filter((request) => request.header('x-request-id').length > 0),
    issue,
    send: (method, path, key, { headers = [], body } = {}) =>
      gateway.request({
        method,
        path,
        headers: [
          ...(key === undefined ? [] : [token(key)]),
          ...(body === undefined ? [] : [json]),
          ...headers,
        ],
        ...(body !== undefined && { body }),
      }),
  }
}

/** Status and body, as text. */
export function said({ status, body }: RawAnswer): readonly [status: number, body: string] {
  return [status, body.toString()]
}

export const notProvided = [403, '{"detail":"Authentication credentials were not provided."}'] as const
export const notPermitted = [403, '{"detail":"You do not have permission to perform this action."}'] as const
export const notFound = [404, '{"detail":"Not found."}'] as const
export function notAllowed(method: string): readonly [number, string] {
  return [405, `{"detail":"Method \\"${method}\\" not allowed."}`]
}
