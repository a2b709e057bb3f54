/**
 * The client for TLS upstreams lets no request wait for a connection without end.
 * @module
 */

import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { UndiciClient } from '../../../src/forward/undici/undici-client.ts'
import type { ResponseReceiver, UpstreamHead } from '../../../src/forward/upstream-client.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

interface Seen {
  head?: UpstreamHead
  readonly failures: (string | undefined)[]
}

function receiving(): { readonly seen: Seen; readonly receiver: ResponseReceiver } {
  const seen: Seen = { failures: [] }
  const receiver: ResponseReceiver = {
    onHead: (head) => {
      seen.head = head
    },
    onBodyWanted: () => {},
    onInterim: () => {},
    onData: () => {},
    onEnd: () => {},
    onFailure: (error: Error & { code?: string }) => void seen.failures.push(error.code),
  }
  return { seen, receiver }
}

t.test('a request that waits for too long fails once, and is not sent afterwards', async (t) => {
  const body = new Readable({ read() {} })
  body.push('the beginning')
  const upstream = await recordingUpstream(t, ({ target }) =>
    target === '/long' ? { body } : { body: 'ok' },
  )
  const client = new UndiciClient({
    url: upstream.url,
    connections: 1,
    timeouts: { connect: 5_000, headers: 300, bodyIdle: 60_000, keepAlive: 4_000 },
    tls: { verify: true },
  })
  t.teardown(() => client.close())
  const send = (target: string) => {
    const { seen, receiver } = receiving()
    client.send(
      { method: 'GET', target, headers: ['host', 'x'], body: undefined, expectsContinue: false },
      receiver,
    )
    return seen
  }
  const long = send('/long')
  await until(() => long.head !== undefined)
  const waiting = send('/waiting')
  await until(() => waiting.failures.length > 0)
  t.strictSame(waiting.failures, ['UND_ERR_HEADERS_TIMEOUT'])
  t.strictSame(long.failures, [], 'what is under way goes on')
  body.push(null)
  await sleep(100)
  const later = send('/later')
  await until(() => later.head !== undefined)
  t.strictSame(waiting.failures.length, 1)
  t.strictSame(
    upstream.requests.map(({ target }) => target),
    ['/long', '/later'],
  )
})
