/**
 * A service behind a Unix socket is one like any other.
 * @module
 */

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startTestGateway } from '../../support/gateway.ts'

async function begin(
  t: Test,
  { settings = {}, hostHeader }: { settings?: object; hostHeader?: 'upstream' } = {},
) {
  // The path of a socket may not be long.
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'app.sock')
  const seen: (string | undefined)[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers.host)
    request.pipe(response)
  })
  await once(server.listen(path), 'listening')
  const close = async () => {
    server.closeAllConnections()
    if (server.listening) await once(server.close(), 'close')
  }
  t.teardown(close)
  const gateway = await startTestGateway(t, {
    upstream: `unix:${path}`,
    upstreams: { legacy: { url: `unix:${path}`, ...settings } },
    routes: [{ match: { path: '/{path*}' }, authorize: { public: true }, ...(hostHeader && { hostHeader }) }],
  })
  const ask = () => gateway.request({ method: 'PUT', path: '/a', body: 'there and back' })
  return { seen, close, ask, gateway }
}

t.test('requests and answers go through it', async (t) => {
  const { ask, seen, gateway } = await begin(t)
  const answer = await ask()
  t.strictSame([answer.status, answer.body.toString()], [200, 'there and back'])
  t.match(seen, [/^127\.0\.0\.1/], 'with the client\u2019s Host, unless the route says otherwise')
  t.ok(gateway.port > 0)
})

t.test('its own Host is localhost, or what the settings say', async (t) => {
  for (const [settings, host] of [
    [{}, 'localhost'],
    [{ host: 'app.example:8080' }, 'app.example:8080'],
  ] as const) {
    const { ask, seen } = await begin(t, { settings, hostHeader: 'upstream' })
    t.equal((await ask()).status, 200)
    t.strictSame(seen, [host])
  }
})

t.test(
  'a socket that nobody listens on, and one that is not there, are 502 without a word of where',
  async (t) => {
    const { ask, close } = await begin(t)
    await close()
    const answer = await ask()
    t.equal(answer.status, 502)
    t.match(JSON.parse(answer.body.toString()), { code: 'upstream_unreachable' })
    t.notMatch(answer.body.toString(), /app\.sock|ENOENT/)
  },
)
