/**
 * Many large answers at once, to clients that read slowly or leave in the middle: every byte that a client gets is of its
 * own answer, over HTTP/1.1 as over HTTP/2, whatever is used again in between.
 * @module
 */

import { get, type IncomingMessage } from 'node:http'
import type { ClientHttp2Session } from 'node:http2'
import { connect } from 'node:http2'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startTestGateway } from '../support/gateway.ts'
import { authority, serviceTls } from '../support/http2-client.ts'
import { recordingUpstream } from '../support/recording-upstream.ts'

const bodyBytes = 3_000_001
const clients = 48

/** Each path has a byte of its own, that its body consists of. */
const byteOf = (path: string) => Number(path.slice(1)) % 251

async function start(t: Test, listen = {}) {
  const upstream = await recordingUpstream(t, ({ target }) => ({
    body: Buffer.alloc(bodyBytes, byteOf(target)),
  }))
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    listen: { ...listen },
    routes: [{ match: { path: '/{rest*}' }, authorize: { public: true } }],
  })
  return gateway.port
}

/** Reads like one of three kinds of client, and tells how many bytes were its own and whether all of them were. */
async function read(
  answer: Readable,
  index: number,
): Promise<{ bytes: number; strange: number; left: boolean }> {
  const own = byteOf(`/${index}`)
  let bytes = 0
  let strange = 0
  for await (const piece of answer as AsyncIterable<Buffer>) {
    bytes += piece.length
    for (const byte of piece) if (byte !== own) strange++
    if (index % 3 === 1) await sleep(1)
    if (index % 3 === 2 && bytes > 500_000) return { bytes, strange, left: true }
  }
  return { bytes, strange, left: false }
}

async function check(t: Test, ask: (index: number) => Promise<Readable>) {
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(
      Array.from({ length: clients }, async (_, index) => {
        const answer = await ask(index)
        answer.on('error', () => {})
        const outcome = await read(answer, index)
        answer.destroy()
        return outcome
      }),
    )
    t.equal(
      answers.reduce((sum, { strange }) => sum + strange, 0),
      0,
      'no byte of another answer',
    )
    const whole = answers.filter(({ left }) => !left)
    t.equal(whole.length, (clients * 2) / 3)
    t.ok(
      whole.every(({ bytes }) => bytes === bodyBytes),
      'all bytes of its own',
    )
  }
}

t.test('over HTTP/1.1', async (t) => {
  const port = await start(t)
  await check(t, (index) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    get({ port, path: `/${index}`, agent: false }, resolve).on('error', reject)
    return promise
  })
})

t.test('over HTTP/2', async (t) => {
  const port = await start(t, { tls: serviceTls })
  const sessions: ClientHttp2Session[] = Array.from({ length: 4 }, () => {
    const session = connect(`https://127.0.0.1:${port}`, { ca: authority, servername: 'service.test' })
    session.on('error', () => {})
    t.teardown(() => session.destroy())
    return session
  })
  await check(t, async (index) => {
    const stream = sessions[index % 4]?.request({ ':path': `/${index}`, ':authority': 'service.test' })
    if (stream === undefined) throw new Error('no session')
    return stream
  })
})
