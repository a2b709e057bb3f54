/**
 * Interim answers (1xx) come down ahead of the final one, filtered as it is, within bounds, and to clients that
 * know them.
 * @module
 */

import t from 'tap'
import { until } from '../support/until.ts'
import { codeOf, startWire } from './wire.ts'

const get = ['GET /a HTTP/1.1', 'Host: gate.example']
const final = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

t.test('early hints come down before the final answer, line by line', async (t) => {
  const raw = `HTTP/1.1 103 Early Hints\r\nLink: </\u00e9>; rel=preload\r\nlink: </y>\r\nX-Empty:\r\n\r\n${final}`
  const wire = await startWire(t, { replyTo: () => ({ raw: Buffer.from(raw, 'latin1') }) })
  const socket = await wire.connect()
  let received = ''
  socket.setEncoding('latin1').on('data', (text) => {
    received += text
  })
  socket.write(`${[...get, wire.credential].join('\r\n')}\r\n\r\n`)
  await until(() => received.endsWith('ok'))
  const interim =
    'HTTP/1.1 103 Early Hints\r\nLink: </\u00e9>; rel=preload\r\nlink: </y>\r\nX-Empty: \r\n\r\n'
  t.equal(received.slice(0, interim.length), interim)
  t.match(received.slice(interim.length), /^HTTP\/1\.1 200 OK\r\n/)
  t.notMatch(received.slice(interim.length), /link/i)
})

t.test('several come down in their order', async (t) => {
  const raw = `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 199 Odd\r\n\r\n${final}`
  const wire = await startWire(t, { replyTo: () => ({ raw }) })
  const answer = await wire.send(get)
  t.strictSame(answer.interim, [102, 103, 199])
  t.equal(answer.body.toString(), 'ok')
})

t.test('what the client may not see in a final answer, it does not see in an interim one', async (t) => {
  const raw = [
    'HTTP/1.1 103 Early Hints',
    'Connection: X-Secret, keep-alive',
    'X-Secret: 1',
    'Keep-Alive: timeout=3',
    'X-Container-Read: .r:*',
    'Content-Length: 500',
    'Link: </x>',
  ]
  const wire = await startWire(t, { replyTo: () => ({ raw: `${raw.join('\r\n')}\r\n\r\n${final}` }) })
  const { text } = await wire.gateway.issue({ access: 'read-only' })
  const socket = await wire.connect()
  let received = ''
  socket.setEncoding('latin1').on('data', (more) => {
    received += more
  })
  socket.write(`${[...get, `Authorization: Bearer ${text}`].join('\r\n')}\r\n\r\n`)
  await until(() => received.endsWith('ok'))
  t.match(received, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/x>\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
})

t.test(
  'on a pipelined connection they come behind the answer before, and before the head that they announce',
  async (t) => {
    const held = Promise.withResolvers<void>()
    const large = 'x'.repeat(40_000)
    const wire = await startWire(t, {
      replyTo: async ({ target }) => {
        if (target === '/2') {
          return {
            raw: `HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n${large}`,
          }
        }
        await held.promise
        return { body: 'first' }
      },
    })
    const socket = await wire.connect()
    let received = ''
    socket.setEncoding('latin1').on('data', (text) => {
      received += text
    })
    for (const target of ['/1', '/2']) {
      socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\n${wire.credential}\r\n\r\n`)
    }
    await until(() => wire.upstream.requests.length === 1)
    held.resolve()
    await until(() => received.endsWith(large))
    t.match(received, /\r\n\r\nfirstHTTP\/1\.1 103 Early Hints\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  },
)

t.test('a client of HTTP/1.0 gets the final answer alone', async (t) => {
  const raw = `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${final}`
  const wire = await startWire(t, { replyTo: () => ({ raw }) })
  const answer = await wire.send(get.with(0, 'GET /a HTTP/1.0'))
  t.strictSame([answer.status, answer.interim], [200, []])
})

t.test('interim answers without end are a 502', async (t) => {
  const wire = await startWire(t, {
    replyTo: () => ({ raw: 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(17) + final }),
  })
  t.equal(codeOf(await wire.send(get)), 'upstream_invalid')
  wire.upstream.reply(() => ({ raw: 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(16) + final }))
  t.equal((await wire.send(get)).status, 200)
})
