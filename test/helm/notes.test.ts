/**
 * What Helm tells in mode decision can be pasted: it names the Service that is installed, what the gateway knows the
 * ingress controller by, and the headers that the gateway relies on to be copied.
 * @module
 */

import t from 'tap'
import { parse } from 'yaml'
import { notes, objectsOf, only, render, type Values } from './chart.ts'

/** The indented paragraph that begins so. */
function pasted(text: string, beginning: string) {
  const found = text.split(/\n\n/).find((paragraph) => paragraph.startsWith(`  ${beginning}`))
  if (found === undefined) throw new Error(`no ${beginning}`)
  return parse(found)
}

const annotation = 'nginx.ingress.kubernetes.io/auth'

t.test('the annotations lead to the Service, and name every header that is copied', async (t) => {
  const service = only(objectsOf(render('decision')), 'Service')
  const annotations = pasted(notes(t, 'decision'), annotation)
  t.equal(
    annotations[`${annotation}-url`],
    `http://${service.metadata.name}.gateways.svc.cluster.local:${service.spec.ports[0].port}/nginx`,
  )
  const { decision } = parse(
    only(objectsOf(render('decision')), 'ConfigMap', '-config').data['sallyport.yaml'],
  )
  const [{ copies }] = decision.proxies
  t.strictSame(annotations[`${annotation}-response-headers`].split(','), [...copies, 'X-Sallyport-Owner'])
})

t.test('the ConfigMap that they name is the one that is told, and says where the secret is', async (t) => {
  const text = notes(t, 'decision')
  const { metadata, data } = pasted(text, 'apiVersion')
  t.equal(
    pasted(text, annotation)[`${annotation}-proxy-set-headers`],
    `${metadata.namespace}/${metadata.name}`,
  )
  t.hasProps(data, ['X-Sallyport-Proxy', 'X-Original-Upgrade'])
  t.match(text, /the secret that is in sallyport-proxy/)
  t.notOk(`${annotation}-method` in pasted(text, annotation), 'or ingress-nginx says X-Original-URI')
})

t.test('other ports and TLS are told as they are', async (t) => {
  const urlWith = (values: Values) => pasted(notes(t, 'decision', values), annotation)[`${annotation}-url`]
  t.match(urlWith({ decision: { port: 9082 } }), /:9082\/nginx$/)
  t.match(urlWith({ tls: { secretName: 'tls' } }), /^https:/)
})

t.test('gRPC and certificates are told, and ingress-nginx nothing that would not work', async (t) => {
  const text = notes(t, 'decision-grpc')
  t.match(text, /by gRPC, over TLS, at\n\n {2}demo-sallyport\.gateways\.svc\.cluster\.local:8083\n/)
  t.match(text, /authority in envoy-ca for envoy\.envoy-gateway-system\./)
  t.notMatch(text, /auth-url|the secret that is in/)
  t.match(
    notes(t, 'decision', { decision: { grpc: { enabled: true } } }),
    /by gRPC, over HTTP\/2 without TLS, at/,
  )
  const both = {
    secrets: { proxy: { name: 'proxy' } },
    decision: { clientCertificates: { mode: 'optional' } },
  }
  t.match(notes(t, 'decision-grpc', both), /auth-url: https:.*the secret that is in proxy/s)
})

t.test('other modes tell nothing of it, and every mode warns where no NetworkPolicy is', async (t) => {
  for (const plan of ['standalone', 'sidecar'] as const) t.notMatch(notes(t, plan), /auth-url/, plan)
  for (const plan of ['standalone', 'decision', 'sidecar'] as const) {
    t.match(notes(t, plan, { networkPolicy: { enabled: false } }), /WARNING: without a NetworkPolicy/, plan)
  }
})
