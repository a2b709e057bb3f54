/**
 * A name that comes to stand for another address: what is sent there follows, although connections are kept.
 * @module
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Http1Client } from '../../../src/forward/http1/http1-client.ts'

const timeouts = { connect: 5_000, headers: 5_000, bodyIdle: 5_000, keepAlive: 5_000 }

/** Two servers on one port, a name that leads to the first of them, and a client with one connection. */
async function begin(t: Test, trustMs: number) {
  const [first, second] = ['first', 'second'].map((name) =>
    createServer((_request, response) => response.end(name)),
  )
  if (first === undefined || second === undefined) throw new Error('no servers')
  await once(first.listen(0, '127.0.0.1'), 'listening')
  const { port } = first.address() as AddressInfo
  await once(second.listen(port, '127.0.0.2'), 'listening')
  const name = { address: '127.0.0.1' }
  const lookup: LookupFunction = (_host, _options, done) => done(null, [{ ...name, family: 4 }])
  const address = { host: 'service.test', port, lookup, trustMs }
  const client = new Http1Client({ address, connections: 1, timeouts })
  t.teardown(async () => {
    await client.close()
    for (const server of [first, second]) {
      server.closeAllConnections()
      server.close()
    }
  })
  const ask = () => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    let body = ''
    client.send(
      { method: 'GET', target: '/', headers: ['host', 'x'], body: undefined, expectsContinue: false },
      {
        onBodyWanted: () => {},
        onInterim: () => {},
        onHead: () => {},
        onData: (bytes) => {
          body += bytes.toString()
        },
        onEnd: () => resolve(body),
        onFailure: reject,
      },
    )
    return promise
  }
  return { name, ask }
}

t.test('a connection in steady use is given up when it is no longer trusted, and not before', async (t) => {
  const { name, ask } = await begin(t, 400)
  const startedAt = performance.now()
  t.equal(await ask(), 'first')
  name.address = '127.0.0.2'
  const next = await ask()
  if (performance.now() - startedAt < 400) t.equal(next, 'first')
  let body = next
  while (body === 'first' && performance.now() - startedAt < 5_000) {
    await sleep(20)
    body = await ask()
  }
  t.equal(body, 'second')
})

t.test('so is one for which requests wait all the time', async (t) => {
  const { name, ask } = await begin(t, 200)
  const startedAt = performance.now()
  let isMoved = false
  const askOnAndOn = async () => {
    while (!isMoved && performance.now() - startedAt < 5_000) isMoved ||= (await ask()) === 'second'
  }
  t.equal(await ask(), 'first')
  name.address = '127.0.0.2'
  await Promise.all([askOnAndOn(), askOnAndOn(), askOnAndOn()])
  t.ok(isMoved)
})
