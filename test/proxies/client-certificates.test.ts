/**
 * In place of a secret, a proxy proves itself by a client certificate over TLS: each example, with the lines that this takes.
 * @module
 */

import { join } from 'node:path'
import t from 'tap'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { makeCertificate } from '../support/own-certificate.ts'
import { request } from '../support/raw-request.ts'
import { recordingUpstream } from '../support/recording-upstream.ts'
import { type Setup, startProxy } from './start-proxy.ts'

const certificate = (file: string) => join(import.meta.dirname, '../support/certificates', file)
const ca = certificate('ca.pem')
const { cert, key } = makeCertificate(t, 'edge.test')

const envoyTls = (text: string) =>
  text.replace(
    '    - name: sallyport\n      connect_timeout: 1s\n',
    `$&      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
          sni: service.test
          common_tls_context:
            tls_certificates: [{ certificate_chain: { filename: ${cert} }, private_key: { filename: ${key} } }]
            validation_context: { trusted_ca: { filename: ${ca} } }
`,
  )

/** What a proxy of each kind is given beside its example. */
const amendments: Readonly<Record<Exclude<Setup, 'traefik' | 'haproxy'>, (text: string) => string>> = {
  nginx: (text) =>
    text.replace(
      'proxy_pass http://sallyport/nginx;',
      `proxy_pass https://sallyport/nginx;
      proxy_ssl_certificate ${cert};
      proxy_ssl_certificate_key ${key};
      proxy_ssl_trusted_certificate ${ca};
      proxy_ssl_verify on;
      proxy_ssl_name service.test;
      proxy_ssl_server_name on;`,
    ),
  caddy: (text) =>
    text.replace(
      'dial_timeout 1s',
      `dial_timeout 1s
      tls_server_name service.test
      tls_trust_pool file ${ca}
      tls_client_auth ${cert} ${key}`,
    ),
  envoy: envoyTls,
  'envoy-grpc': envoyTls,
  'envoy-ext-proc': envoyTls,
}

// Traefik takes the name that it checks from the address, and no name of the certificate leads to this machine.
for (const name of ['nginx', 'caddy', 'envoy', 'envoy-grpc', 'envoy-ext-proc'] as const) {
  t.test(`${name} is known by its certificate, and by no secret`, async (t) => {
    const service = await recordingUpstream(t)
    const startGateway = (names: readonly string[]) =>
      startTestGateway(t, {
        upstream: service.url,
        routes: [{ match: { path: '/public/{path*}' }, authorize: { public: true } }],
        decision: {
          grpc: { port: 0 },
          tls: {
            certificates: [{ certificate: certificate('service.pem'), key: certificate('service.key') }],
            clientCertificates: { ca: cert, mode: 'required' },
          },
          proxies: [{ name: 'edge', certificates: [...names], copies: ['authorization'] }],
        },
      })
    const gateway = await startGateway(['edge.test'])
    const start = ({ decisionPort, grpcPort }: TestGateway) => {
      const places = { decisionPort, grpcPort, servicePort: service.port }
      return startProxy(t, name, { ...places, secret: 'none', amend: amendments[name] })
    }
    const known = await start(gateway)
    t.equal((await request(known.port, { path: '/public/page' })).status, 200)

    const other = await startGateway(['other.test'])
    const unknown = await start(other)
    const before = service.requests.length
    t.ok((await request(unknown.port, { path: '/public/page' })).status >= 400)
    t.equal(service.requests.length, before)
  })
}
