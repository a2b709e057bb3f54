/**
 * Whatever is asked, every way answers the same. Two accounts are prepared alike and go through the same
 * requests, one on each way, so that each request finds the state that its twin finds.
 * @module
 */

import t, { type Test } from 'tap'
import { startNginx } from '../support/nginx.ts'
import { type Comparison, differences } from './compare.ts'
import { type GeneratedRequest, generatedRequests } from './generated-requests.ts'
import { prepareTwin, type Twin } from './twins.ts'
import { directly, through } from './ways.ts'

const seed = 20_140_117

t.test('two accounts that went through the same 400 requests answer the next one alike', async (t) => {
  const twins = [await prepareTwin('twina', directly()), await prepareTwin('twinb', directly())] as const
  const requests = generatedRequests(400, seed)
  const statuses = new Set<number>()
  for (const request of requests) statuses.add(await answeredAlike(t, twins, request))
  for (const status of [200, 201, 202, 204, 400, 401, 403, 404, 405, 412]) {
    t.ok(statuses.has(status), `${status} is among the answers`)
  }
})

t.test('what a proxy on the way takes away is found, and nothing else', async (t) => {
  const { port } = directly()
  const nginx = await startNginx(t, {
    config: (own) => `
      server {
        listen 127.0.0.1:${own};
        location / {
          proxy_pass http://127.0.0.1:${port};
          proxy_set_header Host $http_host;
          proxy_set_header X-Copy-From "";
          proxy_hide_header X-Account-Meta-Colour;
        }
      }`,
  })
  const twins = [
    await prepareTwin('twinc', directly()),
    await prepareTwin('twind', through(nginx.port, directly().token)),
  ] as const
  const head = { who: 'owner', method: 'HEAD', target: '/v1/{account}', headers: {}, body: '' } as const
  const added = ['server']
  t.strictSame(await found(twins, head, added), ['x-account-meta-colour: ["grey"] became undefined'])
  t.strictSame(await found(twins, { ...head, who: 'a:adm', target: '/v1/{account}/box' }, added), [])
  t.strictSame(await found(twins, { ...head, who: 'impostor', method: 'GET' }, added), [])
  const copy = {
    ...head,
    method: 'PUT',
    target: '/v1/{account}/box/copy',
    headers: { 'X-Copy-From': 'box/thing' },
  }
  t.match((await found(twins, copy, added)).join('\n'), /^x-copied-from: \["box\/thing"\] became undefined$/m)
  const read = { ...head, method: 'GET', target: '/v1/{account}/box/copy' }
  t.match((await found(twins, read, added)).join('\n'), /^body: "thing" became ""$/m)
})

type Pair = readonly [Twin, Twin]

async function answeredAlike(t: Test, pair: Pair, request: GeneratedRequest): Promise<number> {
  const [expected, actual] = [await pair[0].make(request), await pair[1].make(request)]
  const { who, method, target, headers } = request
  t.strictSame(
    differences(expected, actual, of(pair)),
    [],
    `${method} ${target} by ${who} ${JSON.stringify(headers)}`,
  )
  return expected.status
}

async function found(
  pair: Pair,
  request: GeneratedRequest,
  added: readonly string[],
): Promise<readonly string[]> {
  return differences(await pair[0].make(request), await pair[1].make(request), { ...of(pair), added })
}

function of(pair: Pair): Comparison {
  return { alike: pair.map(({ name }) => name) }
}
