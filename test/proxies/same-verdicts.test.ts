/**
 * A proxy that asks lets through what the gateway itself would let through, and the service gets the same: the same
 * requests go both ways. Where a proxy does otherwise, a list says why; nothing passes there that the gateway refuses.
 * @module
 */

import t from 'tap'
import { actAt } from '../support/act.ts'
import { request } from '../support/raw-request.ts'
import { recordingUpstream } from '../support/recording-upstream.ts'
import { type Case, cases, type Holder } from './cases.ts'
import { startDecidingGateway } from './deciding-gateway.ts'
import { type Difference, differences as intended } from './intended-differences.ts'
import { type Setup, startProxy } from './start-proxy.ts'
import { switchFor } from './switching.ts'

interface Outcome {
  /** 0 where the connection was closed instead. */
  readonly status: number
  /** What the service received, if anything, and what of its privileged header the client got to see. */
  readonly received: string
}

t.test('the same requests through the gateway and through each proxy that asks it', async (t) => {
  const service = await recordingUpstream(
    t,
    () => ({ headers: [['X-Container-Read', 'shown']], body: 'ok' }),
    {
      upgrade: (_, socket) => switchFor(socket, 200),
    },
  )
  const gateway = await startDecidingGateway(t, service.url)
  const bearers = await issueAll()

  async function issueAll(): Promise<Readonly<Record<Holder, string | undefined>>> {
    const bindings = { account: ['a'] }
    const revoked = await gateway.issue({ bindings })
    await gateway.store.revokeToken(revoked.token.id, actAt(Date.now()))
    const text = async (asked: Parameters<typeof gateway.issue>[0]) => (await gateway.issue(asked)).text
    return {
      good: await text({ bindings }),
      owner: await text({ bindings, access: 'owner' }),
      other: await text({ bindings: { account: ['b'] } }),
      expired: await text({ bindings, lifetimeMs: 1 }),
      revoked: revoked.text,
      unknown: `${revoked.text.slice(0, -6)}AAAAAA`,
      none: undefined,
      scoped: await text({ scopes: ['read'] }),
    }
  }

  async function send(port: number, { holder, request: plain }: Case): Promise<Outcome> {
    const before = service.requests.length
    const bearer = bearers[holder]
    const given = plain.headers ?? []
    const host = given.some(([name]) => name === 'Host') ? [] : [['Host', 'app.example'] as const]
    const credential = bearer === undefined ? [] : [['Authorization', `Bearer ${bearer}`] as const]
    const answer = await request(port, { ...plain, headers: [...host, ...credential, ...given] }).catch(
      () => undefined,
    )
    const [received] = service.requests.slice(before)
    const told =
      received &&
      JSON.stringify([
        received.method,
        received.target,
        received.header('x-user'),
        received.header('x-container-read'),
        received.header('x-remove-container-read'),
        received.header('authorization'),
        received.headers.flatMap(([name, value]) =>
          /^x[^a-z0-9-]/i.test(name) ? [name.toLowerCase(), value] : [],
        ),
        received.header('x-foo').join(', '),
        received.body.toString('latin1'),
      ])
    return { status: answer?.status ?? 0, received: told ?? 'nothing' }
  }

  const isRefused = ({ status, received }: Outcome) =>
    received === 'nothing' && (status === 0 || status >= 400)

  const isSame = (own: Outcome, theirs: Outcome) =>
    isRefused(own) ? isRefused(theirs) : own.status === theirs.status && own.received === theirs.received

  async function isIntended(
    difference: Difference | undefined,
    { holder, title }: Case,
    theirs: Outcome,
  ): Promise<boolean> {
    if (difference === undefined) return false
    if ('refuses' in difference) return isRefused(theirs)
    return isSame(await send(gateway.port, { title, holder, request: difference.makes }), theirs)
  }

  const telling = ({ status, received }: Outcome) => `${status} with ${received}`

  const expected: Outcome[] = []
  for (const one of cases) expected.push(await send(gateway.port, one))
  const passed = expected.filter((outcome) => !isRefused(outcome)).length
  t.comment(`${cases.length} requests, of which the gateway lets ${passed} pass`)
  t.ok(cases.length >= 200)
  t.ok(passed > 30)

  for (const name of [
    'nginx',
    'traefik',
    'caddy',
    'haproxy',
    'envoy',
    'envoy-grpc',
    'envoy-ext-proc',
  ] as const satisfies readonly Setup[]) {
    t.test(name, async (t) => {
      const { decisionPort, grpcPort, secret } = gateway
      const places = { decisionPort, grpcPort, servicePort: service.port, secret }
      const { port } = await startProxy(t, name, places)
      const differences: string[] = []
      const used = new Set<string>()
      for (const [index, one] of cases.entries()) {
        const own = expected[index] ?? { status: 0, received: 'not sent' }
        const theirs = await send(port, one)
        if (isSame(own, theirs)) continue
        if (await isIntended(intended[name][one.title], one, theirs)) used.add(one.title)
        else differences.push(`${one.title} by ${one.holder}: ${telling(own)}, here ${telling(theirs)}`)
      }
      t.strictSame(differences, [])
      t.strictSame([...used].toSorted(), Object.keys(intended[name]).toSorted(), 'each is needed')
      t.comment(`${name} does otherwise in ${used.size} cases`)
    })
  }
})
