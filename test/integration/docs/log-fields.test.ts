/**
 * The tables of log fields name what is really written: nothing is in a line that they do not have, and nothing in them
 * that no line has.
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

/** Written only behind TLS, and in a worker: what writes them has tests of its own. */
const elsewhere = ['clientCertificate', 'worker']

function documentedFields(): readonly string[] {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8')
  const section = page.split('\n## The log\n')[1]?.split('\n## ')[0] ?? ''
  return [...section.matchAll(/^\| `(\w+)`/gm)].map(([, field = '']) => field)
}

t.test('the tables have every field of a request line, and no other', async (t) => {
  const upstream = await recordingUpstream(t, undefined, {
    upgrade: (_request, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    },
  })
  const collector = await startOtlpReceiver(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    tracing: { endpoint: collector.url },
    limits: { few: { by: 'token', requests: 2, per: '24h' } },
    routes: [{ match: { path: '/{rest*}' }, limits: ['few'], upgrade: { protocols: ['echo'] } }],
  })
  const { text } = await gateway.issue()
  const bearer = ['Authorization', `Bearer ${text}`] as const
  const upgrade = [bearer, ['Connection', 'Upgrade'], ['Upgrade', 'echo']] as const
  await gateway.request({ path: '/a?b=c', headers: [bearer] })
  await gateway.request({ headers: upgrade }).catch(() => undefined)
  t.equal((await gateway.request({ headers: [bearer] })).status, 429)
  await until(() => gateway.log.filter(({ message }) => message === 'request').length === 3)

  const lines = gateway.log.filter(({ message }) => message === 'request')
  const written = new Set([...lines.flatMap((line) => Object.keys(line)), ...elsewhere])
  t.strictSame([...documentedFields()].sort(), [...written].sort())
})
