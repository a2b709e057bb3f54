/**
 * Certificates towards clients: which one is shown, how a new one takes the place of an old one, and what becomes of
 * files that cannot be used.
 * @module
 */

import { copyFileSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import t from 'tap'
import { ask, certificateFile, connectHttp2 } from '../../support/http2-client.ts'
import type { Scope } from '../../support/private-server.ts'
import { until } from '../../support/until.ts'
import { startWire } from '../../wire/wire.ts'

function folderOf(t: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-tls-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function install(folder: string, name: string): void {
  copyFileSync(certificateFile(`${name}.pem`), join(folder, 'tls.crt'))
  copyFileSync(certificateFile(`${name}.key`), join(folder, 'tls.key'))
}

/** The common name of the certificate that a client is shown. */
async function shown(port: number, servername?: string): Promise<string> {
  const options = { port, host: '127.0.0.1', rejectUnauthorized: false }
  const socket: TLSSocket = connect(servername === undefined ? options : { ...options, servername })
  try {
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    return String(socket.getPeerCertificate().subject.CN)
  } finally {
    socket.destroy()
  }
}

const pairIn = (folder: string) => ({ certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') })
const pairOf = (name: string) => ({
  certificate: certificateFile(`${name}.pem`),
  key: certificateFile(`${name}.key`),
})

t.test('the certificate is chosen by the name that a client asks for', async (t) => {
  const { gateway } = await startWire(t, {
    listen: {
      tls: {
        certificates: [pairOf('service'), { ...pairOf('client'), names: ['gateway.test', '*.gateway.test'] }],
      },
    },
  })
  t.equal(await shown(gateway.port, 'service.test'), 'service.test')
  t.equal(await shown(gateway.port, 'gateway.test'), 'gateway.test')
  t.equal(await shown(gateway.port, 'GATEWAY.test'), 'gateway.test')
  t.equal(await shown(gateway.port, 'a.gateway.test'), 'gateway.test')
  t.equal(await shown(gateway.port, 'a.b.gateway.test'), 'service.test', 'a star stands for one label')
  t.equal(await shown(gateway.port, 'other.test'), 'service.test')
  t.equal(await shown(gateway.port), 'service.test')
})

t.test('a new pair is shown without a restart, and open connections go on', async (t) => {
  const folder = folderOf(t)
  install(folder, 'service')
  const { gateway, token } = await startWire(t, { listen: { tls: { certificates: [pairIn(folder)] } } })
  const session = connectHttp2(t, gateway.port)
  const request = () => ask(session, { ':path': '/a', authorization: `Bearer ${token}` })
  t.match(await request(), { status: 200 })

  install(folder, 'client')
  await until(async () => (await shown(gateway.port)) === 'gateway.test')
  await until(async () => (await shown(gateway.port, 'service.test')) === 'gateway.test')
  t.match(await request(), { status: 200, code: 0 }, 'the connection of before')
  t.ok(gateway.log.some(({ message }) => message === 'the certificates were read and are in force'))
})

t.test('a folder that is swapped by a symbolic link is followed', async (t) => {
  const folder = folderOf(t)
  for (const name of ['service', 'client']) {
    const version = mkdtempSync(join(folder, 'version-'))
    install(version, name)
    symlinkSync(version, join(folder, `link-to-${name}`))
  }
  renameSync(join(folder, 'link-to-service'), join(folder, 'data'))
  const { gateway } = await startWire(t, {
    listen: { tls: { certificates: [pairIn(join(folder, 'data'))] } },
  })
  t.equal(await shown(gateway.port), 'service.test')
  renameSync(join(folder, 'link-to-client'), join(folder, 'data'))
  await until(async () => (await shown(gateway.port)) === 'gateway.test')
})

t.test('files that cannot be used leave the last good certificate, and are told', async (t) => {
  const folder = folderOf(t)
  install(folder, 'service')
  const { gateway } = await startWire(t, { listen: { tls: { certificates: [pairIn(folder)] } } })
  const expiry = `sallyport_certificate_expiry_timestamp_seconds{file="${join(folder, 'tls.crt')}"}`
  t.equal(await gateway.metric('sallyport_certificates_outdated'), 0)
  const expiresAt = await gateway.metric(expiry)
  t.ok(expiresAt > 4_000_000_000)

  copyFileSync(certificateFile('client.pem'), join(folder, 'tls.crt'))
  await until(async () => (await gateway.metric('sallyport_certificates_outdated')) === 1)
  t.equal(await shown(gateway.port), 'service.test')
  t.equal(await gateway.metric(expiry), expiresAt)
  const readiness = await fetch(`http://127.0.0.1:${gateway.adminPort}/readyz`)
  t.equal(readiness.status, 200)
  t.match(await readiness.json(), { checks: { certificates: 'degraded' } })
  writeFileSync(join(folder, 'tls.key'), 'nothing')
  await until(() => gateway.log.filter(({ level, reason }) => level === 'warn' && reason).length === 2)

  install(folder, 'client')
  await until(async () => (await gateway.metric('sallyport_certificates_outdated')) === 0)
  t.equal(await shown(gateway.port), 'gateway.test')
  t.notMatch(JSON.stringify(gateway.log), /BEGIN|nothing/)
})

t.test('a handshake that fails is counted and not logged, and the next one is well', async (t) => {
  const { gateway } = await startWire(t, {
    listen: { tls: { certificates: [pairOf('service')], minVersion: 'TLSv1.3' } },
  })
  const lines = gateway.log.length
  const old = connect({
    port: gateway.port,
    host: '127.0.0.1',
    maxVersion: 'TLSv1.2',
    rejectUnauthorized: false,
  })
  await new Promise((resolve) => old.once('error', resolve))
  const plain = await fetch(`http://127.0.0.1:${gateway.port}/`).catch(() => undefined)
  t.equal(plain, undefined)
  await until(async () => (await gateway.metric('sallyport_tls_handshakes_failed_total')) === 2)
  t.equal(gateway.log.length, lines)
  t.equal(await shown(gateway.port), 'service.test')
})

t.test('the gateway does not start without its certificate', async (t) => {
  const listen = { tls: { certificates: [{ ...pairOf('service'), key: certificateFile('client.key') }] } }
  await t.rejects(startWire(t, { listen }), /client\.key is not the key of .*service\.pem/)
})
