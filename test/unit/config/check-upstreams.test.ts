/**
 * Settings of an upstream that do not agree with each other are refused, and a key is never shown.
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { accepted, minimal, problemsOf } from './load.ts'

const withUpstream = (upstream: string) => minimal.replace('{ url: "http://127.0.0.1:9000" }', upstream)
const folder = join(import.meta.dirname, '../../support/certificates')
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
const tls = (settings: object) => withUpstream(JSON.stringify({ url: 'https://service.test', tls: settings }))

t.test('a service has one URL or several targets, each once', async (t) => {
  t.match(problemsOf(t, withUpstream('{}')), [/upstreams\.legacy: expected exactly one of url and targets/])
  const both = '{ url: "http://a", targets: ["http://b"] }'
  t.match(problemsOf(t, withUpstream(both)), [/expected exactly one of url and targets/])
  t.equal(problemsOf(t, withUpstream('{ targets: [] }')).length, 1)
  t.match(problemsOf(t, withUpstream('{ targets: ["http://a", "http://A:80/"] }')), [
    /targets\[1\]: stands there already/,
  ])
  t.match(problemsOf(t, withUpstream('{ targets: ["http://a", "http://b:99999"] }')), [
    /targets\[1\]: expected a URL/,
  ])
})

t.test('targets may be of each kind', async (t) => {
  const { settings } = accepted(
    t,
    withUpstream('{ targets: ["http://a:1", "https://[::1]:2", "unix:/run/app.sock"] }'),
  )
  t.equal(settings.upstreams.legacy?.targets?.length, 3)
  for (const url of ['unix:run/app.sock', 'unix://run/app.sock?', 'http://a/path', 'ftp://a', 'unix:']) {
    t.equal(problemsOf(t, withUpstream(JSON.stringify({ url }))).length, 1, url)
  }
  const long = `unix:/${'a'.repeat(103)}`
  t.match(problemsOf(t, withUpstream(JSON.stringify({ url: long }))), [/url: expected a path of at most 103/])
})

t.test('what was sent over TLS is never sent again', async (t) => {
  t.match(problemsOf(t, withUpstream('{ url: "https://a", retry: { idempotent: true } }')), [
    /upstreams\.legacy\.retry\.idempotent: expected false with https/,
  ])
})

t.test('a client certificate has its own key, and both are there', async (t) => {
  const certificate = read('client.pem')
  const key = read('client.key')
  accepted(t, tls({ certificate, key }))
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ certificate }, /tls: expected both of certificate and key/],
    [{ key }, /tls: expected both of certificate and key/],
    [{ certificate, key: read('service.key') }, /tls\.key: is not the key of tls\.certificate/],
    [{ certificate: 'x', key }, /tls: expected a certificate and an unencrypted key/],
    [{ certificate, key: 'x' }, /tls: expected a certificate and an unencrypted key/],
  ]
  for (const [settings, problem] of wrong) {
    const problems = problemsOf(t, tls(settings))
    t.match(problems, [problem])
    t.notMatch(problems.join(), /BEGIN|MIGH/)
  }
})

t.test(
  'what is spoken to an upstream is what its settings say, and nothing is upgraded over http2',
  async (t) => {
    const http2 = { url: 'https://a.test', protocol: 'http2', retry: { idempotent: true } }
    t.equal(accepted(t, withUpstream(JSON.stringify(http2))).settings.upstreams.legacy?.protocol, 'http2')
    t.equal(accepted(t, minimal).settings.upstreams.legacy?.protocol, 'http1')
    t.equal(problemsOf(t, withUpstream('{ url: "http://a", protocol: h2 }')).length, 1)
    const upgraded = (protocol: string) =>
      withUpstream(`{ url: "http://a", protocol: ${protocol} }`).replace(
        'upstream: legacy }',
        'upstream: legacy, upgrade: { protocols: [websocket] } }',
      )
    t.match(problemsOf(t, upgraded('http2')), [
      /upgrade\.protocols: expected none, because «legacy» speaks http2/,
    ])
    accepted(t, upgraded('http1'))
  },
)
