/**
 * A name that comes to stand for another address: what is sent there follows, although connections are kept.
 * @module
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Http1Client } from '../../../src/forward/http1/http1-client.ts'

const timeouts = { connect: 5_000, headers: 5_000, bodyIdle: 5_000, keepAlive: 5_000 }

t.test(
  'requests move to the new address once the connection is no longer trusted, and not before',
  async (t) => {
    const first = createServer((_request, response) => response.end('first'))
    await once(first.listen(0, '127.0.0.1'), 'listening')
    const { port } = first.address() as AddressInfo
    const second = createServer((_request, response) => response.end('second'))
    await once(second.listen(port, '127.0.0.2'), 'listening')
    t.teardown(() => {
      for (const server of [first, second]) server.closeAllConnections()
      for (const server of [first, second]) server.close()
    })
    let address = '127.0.0.1'
    let lookups = 0
    const lookup: LookupFunction = (_host, _options, done) => {
      lookups++
      done(null, [{ address, family: 4 }])
    }
    const trustMs = 400
    const client = new Http1Client({
      address: { host: 'service.test', port, lookup, trustMs },
      connections: 1,
      timeouts,
    })
    t.teardown(() => client.close())
    const ask = () => {
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      let body = ''
      client.send(
        { method: 'GET', target: '/', headers: ['host', 'x'], body: undefined },
        {
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
    const startedAt = performance.now()
    t.equal(await ask(), 'first')
    address = '127.0.0.2'
    const next = await ask()
    if (performance.now() - startedAt < trustMs) t.equal(next, 'first', 'the connection is still trusted')
    const before = lookups
    // Never idle for long: a connection in steady use would be kept for ever.
    let body = next
    while (body === 'first' && performance.now() - startedAt < 5_000) {
      await sleep(20)
      body = await ask()
    }
    t.equal(body, 'second')
    t.ok(lookups > before || next === 'second')
  },
)
