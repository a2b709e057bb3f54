/**
 * Certificates of clients: only one of the chosen authority counts, and it opens nothing by itself.
 * @module
 */

import { readFileSync } from 'node:fs'
import { connect } from 'node:tls'
import t from 'tap'
import { ask, authority, certificateFile, connectHttp2, serviceTls } from '../../support/http2-client.ts'
import { until } from '../../support/until.ts'
import { startWire } from '../../wire/wire.ts'

const read = (name: string) => readFileSync(certificateFile(name), 'utf8')
const known = { cert: read('client.pem'), key: read('client.key') }
/** Of another authority. */
const unknown = { cert: read('service.pem'), key: read('service.key') }
const tlsWith = (mode: 'optional' | 'required') => ({
  ...serviceTls,
  clientCertificates: { ca: certificateFile('client-ca.pem'), mode },
})

t.test('an optional one is noted when it is verified, and is none otherwise', async (t) => {
  const { gateway, token } = await startWire(t, { listen: { tls: tlsWith('optional') } })
  for (const identity of [known, unknown, {}]) {
    const session = connectHttp2(t, gateway.port, identity)
    t.match(await ask(session, { ':path': '/a', authorization: `Bearer ${token}` }), { status: 200 })
    t.match(await ask(session, { ':path': '/a' }), { status: 401 }, 'it opens nothing')
  }
  const noted = gateway.log
    .filter(({ outcome }) => outcome === 'forwarded')
    .map((line) => line.clientCertificate)
  t.equal(noted.length, 3)
  t.match(noted[0], { subject: 'CN=gateway.test', fingerprint: /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/ })
  t.strictSame(noted.slice(1), [undefined, undefined])
})

t.test('a required one is asked for in the handshake', async (t) => {
  const { gateway, upstream, token } = await startWire(t, { listen: { tls: tlsWith('required') } })
  for (const identity of [unknown, {}]) {
    for (const ALPNProtocols of [['h2'], ['http/1.1']]) {
      const socket = connect({
        port: gateway.port,
        host: '127.0.0.1',
        ca: authority,
        servername: 'service.test',
        ALPNProtocols,
        ...identity,
      })
      let received = 0
      socket.on('data', (bytes: Buffer) => {
        received += bytes.length
      })
      socket.on('error', () => {})
      socket.write(`GET /a HTTP/1.1\r\nHost: service.test\r\nAuthorization: Bearer ${token}\r\n\r\n`)
      await new Promise((resolve) => socket.once('close', resolve))
      t.equal(received, 0)
    }
  }
  await until(async () => (await gateway.metric('sallyport_tls_handshakes_failed_total')) === 4)
  t.equal(upstream.requests.length, 0)
  const session = connectHttp2(t, gateway.port, known)
  t.match(await ask(session, { ':path': '/a', authorization: `Bearer ${token}` }), { status: 200 })
})
