/**
 * One decision, whatever the door: what the gateway as the proxy lets through it allows others to let through, with the
 * same headers for the upstream, and what it refuses it refuses with the same code. The one difference is a refusal.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { type Asking, type DoorName, doorNames, headerOf, startAsking } from './asking.ts'

const routes = [
  { match: { path: '/x' }, authorize: { scopes: { allOf: ['read'] } } },
  { match: { path: '/p/{project}/{rest*}' }, authorize: { bindings: { project: '{project}' } } },
  { match: { path: '/open', methods: ['GET', 'POST'] }, authorize: { public: true } },
  { match: { path: '/owners' }, authorize: { access: 'owner' as const }, onRefusal: 'not-found' as const },
  {
    match: { hosts: ['other.example'], path: '/{rest*}' },
    credentials: [{ header: 'x-auth-token' }],
    missingCredential: 'anonymous-reads' as const,
    upstreamCredential: 'passthrough' as const,
  },
]

const path = fc.oneof(
  fc.constantFrom('/x', '/p/one/', '/p/one/a/b', '/p/two/a', '/open', '/owners', '/none', '/x?a=b', '/open?'),
  fc.constantFrom('/x/', '//x', '/./x', '/open/../x', '/open%2f..%2fx', '/p/one;v=1/', '/%78', '/p/%6fne/a'),
)
const header: fc.Arbitrary<HeaderLine> = fc.constantFrom<HeaderLine>(
  ['Accept', 'text/plain'],
  ['X-Account-Access-Control', 'evil'],
  ['x-container-read', '.r:*'],
  ['X-Sallyport-Subject', 'root'],
  ['X-Real-IP', '6.6.6.6'],
  ['Remote-User', 'root'],
  ['X_Auth_Token', 'x'],
  ['Cookie', 'a=b'],
  ['X-Trace', '1'],
)
const held = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'),
  path,
  host: fc.constantFrom('app.example', 'other.example', 'APP.example:8080'),
  who: fc.constantFrom('none', 'reader', 'owner', 'writer', 'bound', 'unknown'),
  scheme: fc.constantFrom('Authorization', 'X-Auth-Token'),
  headers: fc.array(header, { maxLength: 3 }),
})

type Outcome = { readonly code: string } | { readonly sent: readonly HeaderLine[] }

t.test('the same verdict by every door', async (t) => {
  const asking = await startAsking(t, { routes })
  const { gateway, upstream, ask } = asking
  const texts: Record<string, string> = { unknown: 'sp_unknown' }
  for (const [who, asked] of Object.entries({
    reader: { access: 'read-only', scopes: ['read'] },
    writer: { access: 'read-write', scopes: ['read'] },
    owner: { access: 'owner', scopes: ['read', 'write'] },
    bound: { bindings: { project: ['one'] } },
  } as const)) {
    texts[who] = (
      await gateway.issue({ ...asked, scopes: [...('scopes' in asked ? asked.scopes : [])] })
    ).text
  }

  const counts = { allowed: 0, refused: 0, undecidable: 0 }
  await fc.assert(
    fc.asyncProperty(held, fc.constantFrom(...doorNames), async ({ who, scheme, headers, ...rest }, door) => {
      const credential: readonly HeaderLine[] =
        who === 'none'
          ? []
          : [[scheme, scheme === 'Authorization' ? `Bearer ${texts[who]}` : `${texts[who]}`]]
      const lines = [...credential, ...headers]
      const proxied = await viaProxy(asking, { ...rest, headers: lines }, upstream.requests.length)
      const asked = await ask(door, { ...rest, scheme: 'http', peer: '127.0.0.1', headers: lines })
      const code = asked.status === 200 ? undefined : codeOf(gateway.log.at(-1))
      if (code === 'undecidable') {
        counts.undecidable++
        return
      }
      if ('code' in proxied) {
        t.equal(code, proxied.code)
        counts.refused++
        return
      }
      t.equal(code, undefined)
      counts.allowed++
      for (const name of guarded) {
        t.equal(
          wouldGoUp(door, name, lines, asked),
          proxied.sent.find(([other]) => other.toLowerCase() === name)?.[1],
          `${door} ${name}`,
        )
      }
    }),
    { numRuns: 400 },
  )
  t.comment(JSON.stringify(counts))
  t.ok(counts.allowed > 20 && counts.refused > 100, JSON.stringify(counts))
})

const guarded = [
  'authorization',
  'x-auth-token',
  'x-account-access-control',
  'x-container-read',
  'x-sallyport-subject',
  'remote-user',
  'cookie',
  'x-trace',
]

async function viaProxy(
  { gateway, upstream }: Asking,
  {
    method,
    path,
    host,
    headers,
  }: { method: string; path: string; host: string; headers: readonly HeaderLine[] },
  before: number,
): Promise<Outcome> {
  await gateway.request({ method, path, headers: [['Host', host], ...headers] })
  const sent = upstream.requests.at(before)
  return sent === undefined ? { code: codeOf(gateway.log.at(-1)) } : { sent: sent.headers }
}

function codeOf(line: Record<string, unknown> | undefined): string {
  return String(line?.code)
}

/** What the upstream would get from a proxy that does what it is told. */
function wouldGoUp(
  door: DoorName,
  name: string,
  lines: readonly HeaderLine[],
  answer: Parameters<typeof headerOf>[0],
): string | undefined {
  const told = headerOf(answer, name)
  if (told !== undefined) return told
  const removed = headerOf(answer, 'x-envoy-auth-headers-to-remove')?.split(',') ?? []
  const isRemoved = door === 'envoy' ? removed.includes(name) : copied.has(name)
  return isRemoved ? undefined : lines.find(([other]) => other.toLowerCase() === name)?.[1]
}

const copied = new Set(guarded.filter((name) => !['remote-user', 'cookie', 'x-trace'].includes(name)))
