/**
 * When a connection is used again, and everything after which it is not.
 * @module
 */

import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { until } from '../../support/until.ts'
import { codeOf, responseOf, startRawUpstream } from './raw-upstream.ts'

t.test('one connection carries one request after another, and never two', async (t) => {
  const upstream = await startRawUpstream(t)
  const outcomes = ['/1', '/2', '/3'].map((target) => upstream.send({ target }))
  for (const [index, outcome] of outcomes.entries()) {
    await until(() => upstream.accepted[0]?.received.split('GET ').length === index + 2)
    await sleep(20)
    t.equal(upstream.accepted[0]?.received.split('GET ').length, index + 2, 'the next one waits for its turn')
    upstream.accepted[0]?.socket.write(responseOf(`${index}`))
    await until(() => outcome.ends.length === 1)
    t.equal(outcome.body, `${index}`)
  }
  t.match(upstream.accepted[0]?.received, /^GET \/1 .*GET \/2 .*GET \/3 /s, 'in the order of arrival')
  t.equal(upstream.accepted.length, 1)
})

t.test('the connection that was used last is used first', async (t) => {
  const upstream = await startRawUpstream(t, { connections: 2 })
  const outcomes = [upstream.send(), upstream.send()]
  await until(
    () => upstream.accepted.length === 2 && upstream.accepted.every(({ received }) => received !== ''),
  )
  upstream.accepted[1]?.socket.write(responseOf('a'))
  await until(() => outcomes.filter(({ ends }) => ends.length === 1).length === 1)
  upstream.accepted[0]?.socket.write(responseOf('b'))
  await until(() => outcomes.every(({ ends }) => ends.length === 1))
  upstream.send({ target: '/last' })
  await until(() => upstream.accepted[0]?.received.includes('/last'))
})

const spoiled: Readonly<Record<string, string>> = {
  'an upstream that closes': responseOf('ok', 'Connection: close'),
  'bytes behind the response': `${responseOf('ok')}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen`,
  'a single byte behind it': `${responseOf('ok')}\n`,
  'a second set of chunks':
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n0\r\n\r\n',
  'HTTP/1.0': 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'an upstream that keeps it for no time': responseOf('ok', 'Keep-Alive: timeout=0'),
}
for (const [name, response] of Object.entries(spoiled)) {
  t.test(`after ${name}, the next request has a connection of its own`, async (t) => {
    const upstream = await startRawUpstream(t, {
      onData: ({ socket }, { length }) => void socket.write(length === 1 ? response : responseOf('next')),
    })
    const [first, second] = [upstream.send(), upstream.send()]
    await until(() => second.ends.length === 1)
    t.strictSame([first.body, second.body], ['ok', 'next'])
    t.strictSame([first.ends, second.ends], [['end'], ['end']])
    t.equal(upstream.accepted.length, 2)
  })
}

t.test('what an upstream says or does while nobody asked closes the connection', async (t) => {
  const acts: Readonly<Record<string, (socket: import('node:net').Socket) => void>> = {
    'a response': (socket) => socket.write(responseOf('stolen')),
    'a byte': (socket) => socket.write('\n'),
    'the end': (socket) => socket.end(),
    'a reset': (socket) => socket.resetAndDestroy(),
  }
  for (const [name, act] of Object.entries(acts)) {
    const upstream = await startRawUpstream(t, {
      onData: ({ socket }, { length }) => void socket.write(responseOf(`${length}`)),
    })
    const first = upstream.send()
    await until(() => first.ends.length === 1)
    const [connection] = upstream.accepted
    if (connection === undefined) throw new Error('no connection')
    act(connection.socket)
    await until(() => connection.socket.readableEnded || connection.socket.destroyed)
    await sleep(50)
    const second = upstream.send()
    await until(() => second.ends.length === 1)
    t.equal(second.body, '2', name)
  }
})

t.test('a request that was written to a dead connection fails, and is never sent again', async (t) => {
  const upstream = await startRawUpstream(t, {
    onData: (connection) => {
      if (connection.received.split('\r\n\r\n').length === 2) connection.socket.write(responseOf('ok'))
      else connection.socket.resetAndDestroy()
    },
  })
  const first = upstream.send()
  await until(() => first.ends.length === 1)
  const second = upstream.send({ target: '/once' })
  await until(() => second.ends.length === 1)
  t.match(codeOf(second), /ECONNRESET|HTTP1_ENDED/)
  await sleep(50)
  t.equal(upstream.accepted.filter(({ received }) => received.includes('/once')).length, 1)
})

t.test('after an answer to a body that was not sent whole, the connection is closed', async (t) => {
  const upstream = await startRawUpstream(t, {
    onData: ({ socket, received }) => {
      if (/^(PUT .*first|GET )/s.test(received)) socket.write(responseOf('early'))
    },
  })
  const body = new Readable({ read() {} })
  body.push('first')
  const put = upstream.send({ method: 'PUT', headers: ['content-length', '1000'], body })
  await until(() => put.ends.length === 1)
  t.equal(put.body, 'early')
  const get = upstream.send()
  await until(() => get.ends.length === 1)
  t.equal(upstream.accepted.length, 2)
  t.notMatch(upstream.accepted[0]?.received, /GET/)
  t.notOk(body.destroyed, 'the client\u2019s body is not the client\u2019s connection')
})

t.test('an idle connection is closed in time, and earlier where the upstream says so', async (t) => {
  const held: number[] = []
  for (const line of ['X: y', 'Keep-Alive: timeout=2']) {
    const upstream = await startRawUpstream(t, {
      timeouts: { keepAlive: 1_600 },
      onData: ({ socket }) => void socket.write(responseOf('ok', line)),
    })
    upstream.send()
    await until(() => upstream.accepted[0]?.received !== undefined)
    held.push(await until(() => upstream.accepted[0]?.socket.readableEnded))
  }
  const [own = 0, theirs = 0] = held
  t.ok(own >= 1_500 && own < 2_900, `${own} ms`)
  t.ok(theirs >= 900 && theirs < 1_590, `${theirs} ms, which is a second less than the upstream said`)
})
