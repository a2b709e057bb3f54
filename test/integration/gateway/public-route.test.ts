/**
 * A public route lets everybody through without reading a credential: a bad one does no harm, a good one buys
 * nothing, and neither goes on.
 * @module
 */

import t from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { type HeaderLine, recordingUpstream } from '../../support/recording-upstream.ts'
import { eventually, requestLines } from './refusal-checks.ts'

t.test('whatever is presented, the request goes on without it and without standing', async (t) => {
  const upstream = await recordingUpstream(t, () => ({
    headers: [
      ['X-Container-Read', '.r:*'],
      ['X-Other', 'seen'],
    ],
    body: 'ok',
  }))
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [
      {
        match: { path: '/public/{rest*}' },
        credentials: ['bearer', { header: 'X-Auth-Token' }, { query: 'token' }],
        authorize: { public: true },
      },
    ],
  })
  const owner = await gateway.issue({ access: 'owner' })
  const cases: readonly (readonly [query: string, headers: readonly HeaderLine[]])[] = [
    ['', []],
    ['', [['Authorization', `Bearer ${owner.text}`]]],
    ['', [['Authorization', 'Bearer two words']]],
    [
      '',
      [
        ['Authorization', 'Bearer a'],
        ['X-Auth-Token', 'b'],
        ['X-Auth-Token', 'c'],
      ],
    ],
    [`?token=${owner.text}&token=x`, []],
  ]
  for (const [query, credentials] of cases) {
    const seen = requestLines(gateway).length
    const headers: HeaderLine[] = [
      ...credentials,
      ['X-Container-Read', 'secret'],
      ['X-Sallyport-Subject', 'root'],
      ['X-Remote-User', 'root'],
    ]
    const name = JSON.stringify([query, credentials])
    const answer = await gateway.request({ path: `/public/x${query}`, headers })
    t.equal(answer.status, 200, name)
    t.strictSame(answer.header('x-container-read'), [], `${name}: not an owner`)
    t.strictSame(answer.header('x-other'), ['seen'])
    const received = upstream.requests.at(-1)
    t.equal(received?.target, '/public/x', name)
    const names = received?.headers.map(([header]) => header.toLowerCase())
    t.strictSame(
      names?.toSorted(),
      [
        'connection',
        'forwarded',
        'host',
        'x-forwarded-for',
        'x-forwarded-host',
        'x-forwarded-proto',
        'x-request-id',
      ],
      `${name}: what the upstream received`,
    )
    const line = await eventually(() => requestLines(gateway)[seen])
    t.match(line, { outcome: 'forwarded', status: 200, route: 'route-0' })
    t.equal(line.tokenId, undefined)
    t.equal(line.scheme, undefined)
  }
  t.equal(await gateway.metric('sallyport_token_lookups_total{tier="memory",result="miss"}'), 0, 'no look-up')
  t.equal(await gateway.metric('sallyport_store_queries_total{operation="find"}'), 0, 'no query')
  t.notMatch(JSON.stringify(gateway.log), owner.text)
})
