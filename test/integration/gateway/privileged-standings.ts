/**
 * One gateway with everybody who may ask: an owner, those who are not, and the ways in without a token.
 * @module
 */

import { type GatewayInput, startTestGateway, type TestGateway } from '../../support/gateway.ts'
import type { Scope } from '../../support/private-server.ts'
import type { RawAnswer } from '../../support/raw-request.ts'
import {
  type HeaderLine,
  type RecordingUpstream,
  recordingUpstream,
} from '../../support/recording-upstream.ts'

type RouteInput = GatewayInput['routes'][number]

export const nonOwners = ['writer', 'reader', 'public', 'shadow', 'shadowed writer'] as const
type NonOwner = (typeof nonOwners)[number]
export type Who = 'owner' | NonOwner

export interface Standings {
  readonly gateway: TestGateway
  readonly upstream: RecordingUpstream
  /** Asks as somebody, with header lines. A GET, so that every standing may. */
  ask(who: Who, headers?: readonly HeaderLine[]): Promise<RawAnswer>
  /** The lines that reached the upstream by `ask`; throws when nothing did. */
  received(who: Who, headers: readonly HeaderLine[]): Promise<readonly HeaderLine[]>
}

/** `route` is what the enforced, the public and the shadowed route have in common. */
export async function startStandings(t: Scope, route: Partial<RouteInput> = {}): Promise<Standings> {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [
      { ...route, match: { path: '/enforced' } },
      { ...route, match: { path: '/public' }, authorize: { public: true } },
      { ...route, match: { path: '/shadow' }, mode: 'shadow' },
      { ...route, match: { path: '/shadow-owners' }, mode: 'shadow', authorize: { access: 'owner' } },
    ],
  })
  const issue = async (access: 'owner' | 'read-write' | 'read-only') => (await gateway.issue({ access })).text
  const [owner, writer, reader] = [await issue('owner'), await issue('read-write'), await issue('read-only')]
  const doors: Readonly<Record<Who, readonly [path: string, token: string | undefined]>> = {
    owner: ['/enforced', owner],
    writer: ['/enforced', writer],
    reader: ['/enforced', reader],
    // Whoever comes in by a public route is nobody in particular, an owner's token notwithstanding.
    public: ['/public', owner],
    shadow: ['/shadow', undefined],
    'shadowed writer': ['/shadow-owners', writer],
  }
  const ask: Standings['ask'] = (who, headers = []) => {
    const [path, token] = doors[who]
    const credential: readonly HeaderLine[] =
      token === undefined ? [] : [['Authorization', `Bearer ${token}`]]
    return gateway.request({ path, headers: [...headers, ...credential] })
  }
  return {
    gateway,
    upstream,
    ask,
    async received(who, headers) {
      const before = upstream.requests.length
      const { status, body } = await ask(who, headers)
      const request = upstream.requests[before]
      if (request === undefined) throw new Error(`${who}: nothing went up: ${status} ${body}`)
      return request.headers
    },
  }
}

/** A spelling that legacy servers read as the same name. */
export function spell(name: string, choices: readonly number[]): string {
  return Array.from(name, (character, at) => {
    const choice = choices[at % choices.length] ?? 0
    if (character === '-') return choice % 2 === 0 ? '-' : '_'
    return choice % 3 === 0 ? character.toUpperCase() : character.toLowerCase()
  }).join('')
}

/** How CGI and WSGI servers read a name. */
export function folded(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}
