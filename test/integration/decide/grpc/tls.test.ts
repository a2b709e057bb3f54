/**
 * The gRPC doors over TLS: handshakes, proof by certificate and bounds are those of the HTTP doors.
 * @module
 */

import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectPlain, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { credentials, status } from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import type { GatewayInput } from '../../../support/gateway.ts'
import { authority, certificateFile, connectHttp2, serviceTls } from '../../../support/http2-client.ts'
import { type CertificateFiles, makeCertificate } from '../../../support/own-certificate.ts'
import { until } from '../../../support/until.ts'
import { type Asking, secret, startAsking } from '../asking.ts'
import { type Check, openChecks } from './checking.ts'
import { openStreams, requestHead } from './processing.ts'

const edge = makeCertificate(t, 'edge.test')
const other = makeCertificate(t, 'other.test')
const open: GatewayInput['routes'] = [{ match: { path: '/x' }, authorize: { public: true } }]

/** As a proxy with this certificate, or none, that believes `ca`. */
function channelOf(identity?: CertificateFiles, ca: string = authority) {
  const read = (file: string | undefined) => (file === undefined ? null : readFileSync(file))
  return credentials.createSsl(Buffer.from(ca), read(identity?.key), read(identity?.cert))
}

const named = { 'grpc.ssl_target_name_override': 'service.test', 'grpc.default_authority': 'service.test' }

interface Opened extends Asking {
  /** By a connection of its own. */
  check(identity?: CertificateFiles, secrets?: readonly string[]): ReturnType<Check>
}

type Tls = NonNullable<NonNullable<GatewayInput['decision']>['tls']>

async function opened(
  t: Test,
  clientCertificates: Tls['clientCertificates'],
  certificates: Tls['certificates'] = serviceTls.certificates,
  listen: GatewayInput['listen'] = {},
): Promise<Opened> {
  const asking = await startAsking(t, {
    routes: open,
    listen,
    decision: {
      grpc: { port: 0 },
      tls: { certificates, clientCertificates },
      proxies: [
        {
          name: 'edge',
          certificates: clientCertificates === undefined ? [] : ['edge.test'],
          secrets: [secret],
        },
      ],
    },
  })
  const check: Opened['check'] = (identity, secrets = []) =>
    openChecks(t, asking.gateway.grpcPort, channelOf(identity), named)({}, secrets)
  return { ...asking, check }
}

/** Resolves with what was received once the connection is closed. */
async function bytesUntilClosed(socket: Socket): Promise<string> {
  let received = ''
  socket.on('data', (bytes: Buffer) => {
    received += bytes.toString('latin1')
  })
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('close', resolve))
  return received
}

t.test('a proxy is known by a certificate with its name, on both services and in every call', async (t) => {
  const { gateway, check } = await opened(t, { ca: edge.cert, mode: 'required' })
  const checks = openChecks(t, gateway.grpcPort, channelOf(edge), named)
  for (let count = 0; count < 3; count++) {
    t.equal((await checks({}, [])).httpResponse.case, 'okResponse')
    t.match(gateway.log.at(-1), { outcome: 'allowed', proxy: 'edge', door: 'envoy-grpc' })
  }
  t.equal((await check(edge, ['what a client of the proxy has sent along'])).httpResponse.case, 'okResponse')
  const streams = openStreams(t, gateway.grpcPort, channelOf(edge), named)
  const stream = streams([])
  t.equal((await stream.show(requestHead()))?.response.case, 'requestHeaders')
  stream.call.cancel()
})

t.test(
  'a certificate of another name proves nothing, and no more does one of another authority',
  async (t) => {
    const both = `${readFileSync(edge.cert, 'utf8')}${readFileSync(other.cert, 'utf8')}`
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-authorities-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const ca = join(folder, 'ca.pem')
    writeFileSync(ca, both)
    const { gateway, check } = await opened(t, { ca, mode: 'optional' })
    const impostor = makeCertificate(t, 'edge.test')
    for (const identity of [other, impostor, undefined]) {
      await t.rejects(check(identity), { code: status.UNAUTHENTICATED })
      t.match(gateway.log.at(-1), { outcome: 'untrusted_proxy', proxy: '(unknown)' })
      t.equal((await check(identity, [secret])).httpResponse.case, 'okResponse', 'a secret proves it still')
    }
    t.equal((await check(edge)).httpResponse.case, 'okResponse')
  },
)

t.test('where certificates are required, nobody comes in without one of the authority', async (t) => {
  const { gateway, check } = await opened(t, { ca: edge.cert, mode: 'required' })
  const questions = () => gateway.log.filter(({ message }) => message === 'request').length
  for (const identity of [other, undefined]) {
    await t.rejects(check(identity, [secret]), { code: status.UNAVAILABLE })
  }
  t.equal(questions(), 0)
  t.equal((await check(edge)).httpResponse.case, 'okResponse')
  t.equal(questions(), 1)
})

t.test('what speaks no TLS, or no HTTP/2 in it, is told nothing', async (t) => {
  const { gateway, check } = await opened(t, undefined)
  const { grpcPort: port } = gateway
  await t.rejects(openChecks(t, port)(), { code: status.UNAVAILABLE })
  const plain = connectPlain(port, '127.0.0.1')
  plain.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  const alert = Buffer.from(await bytesUntilClosed(plain), 'latin1')
  t.ok(alert.length === 0 || alert[0] === 21, 'at most an alert of TLS')
  for (const ALPNProtocols of [[], ['http/1.1']]) {
    const old: TLSSocket = connectTls({ port, ca: authority, servername: 'service.test', ALPNProtocols })
    old.write('GET /x HTTP/1.1\r\nHost: app.example\r\n\r\n')
    t.equal(await bytesUntilClosed(old), '')
  }
  const unsure = openChecks(
    t,
    port,
    channelOf(undefined, readFileSync(certificateFile('client-ca.pem'), 'utf8')),
    named,
  )
  await t.rejects(unsure(), { code: status.UNAVAILABLE }, 'a proxy that believes another authority')
  t.equal(gateway.log.filter(({ message }) => message === 'request').length, 0)
  t.equal((await check(undefined, [secret])).httpResponse.case, 'okResponse')
})

t.test('certificates and authorities are replaced without a restart', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-grpc-tls-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [certificate, key, ca] = [join(folder, 'tls.crt'), join(folder, 'tls.key'), join(folder, 'ca.crt')]
  const shown = async (port: number) => {
    const socket = connectTls({ port, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    socket.on('error', () => {})
    await once(socket, 'secureConnect')
    const { subject } = socket.getPeerCertificate()
    socket.destroy()
    return subject.CN
  }
  copyFileSync(certificateFile('service.pem'), certificate)
  copyFileSync(certificateFile('service.key'), key)
  copyFileSync(edge.cert, ca)
  const { gateway, check } = await opened(t, { ca, mode: 'optional' }, [{ certificate, key }])
  const before = openChecks(t, gateway.grpcPort, channelOf(edge), named)
  t.equal((await before({}, [])).httpResponse.case, 'okResponse')
  t.equal(await shown(gateway.grpcPort), 'service.test')
  const impostor = makeCertificate(t, 'edge.test')
  await t.rejects(check(impostor), { code: status.UNAUTHENTICATED })

  copyFileSync(impostor.cert, ca)
  await until(() =>
    check(impostor).then(
      () => true,
      () => false,
    ),
  )
  await t.rejects(check(edge), { code: status.UNAUTHENTICATED }, 'of an authority that is gone')
  copyFileSync(certificateFile('client.pem'), certificate)
  copyFileSync(certificateFile('client.key'), key)
  await until(async () => (await shown(gateway.grpcPort)) === 'gateway.test')
  t.equal((await before({}, [])).httpResponse.case, 'okResponse', 'the connection of before goes on')
})

t.test('streams, messages and connections are bounded as without TLS', async (t) => {
  const { gateway } = await opened(t, undefined, undefined, { limits: { connections: 2 } })
  const session = connectHttp2(t, gateway.grpcPort)
  const [settings] = await once(session, 'remoteSettings')
  t.equal(settings.maxConcurrentStreams, 1000)
  const checks = openChecks(t, gateway.grpcPort, channelOf(), named)
  t.equal((await checks()).httpResponse.case, 'okResponse')
  const huge = { headers: [['X-Huge', 'x'.repeat(300 * 1024)]] as const }
  await t.rejects(checks(huge), { code: status.RESOURCE_EXHAUSTED })
  t.equal((await checks()).httpResponse.case, 'okResponse')
  const third = connectTls({ port: gateway.grpcPort, ca: authority, servername: 'service.test' })
  t.equal(await bytesUntilClosed(third), '')
  t.notOk(third.authorized, 'closed before any handshake')
})

t.test('a handshake that never ends is broken off', async (t) => {
  const { gateway } = await opened(t, undefined, undefined, { timeouts: { handshake: '300ms' } })
  t.equal(await bytesUntilClosed(connectPlain(gateway.grpcPort, '127.0.0.1')), '')
})

t.test('a handshake under way holds up no end of the gateway', async (t) => {
  const { gateway } = await opened(t, undefined, undefined, { timeouts: { handshake: '1h', drain: '1h' } })
  const silent = connectPlain(gateway.grpcPort, '127.0.0.1')
  await once(silent, 'connect')
  const closed = bytesUntilClosed(silent)
  await gateway.close()
  t.equal(await closed, '')
})
