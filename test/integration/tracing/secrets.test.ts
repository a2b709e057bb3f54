/**
 * No span tells a secret: nothing that is exported has a credential, or what it is recorded by, in it.
 * @module
 */

import t from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { bearer, spansWhen, startTraced } from './scene.ts'

t.test('exported bytes hold no token, no digest and no credential of a query', async (t) => {
  const upstream = await recordingUpstream(t)
  const ring = newKeyRing(systemClock).reveal()
  const { gateway, collector } = await startTraced(t, upstream.url, {
    keys: { ring },
    tracing: { headers: { authorization: 'Bearer key-of-the-collector' } },
    routes: [
      {
        match: { path: '/own/{rest*}' },
        credentials: ['bearer', 'basic', { query: 'api_key' }],
        upstreamCredential: 'passthrough',
      },
      {
        match: { path: '/shared/{rest*}' },
        credentials: ['bearer', { query: 'other' }],
        upstreamCredential: { header: 'x-legacy-key', value: 'key-of-the-service' },
      },
    ],
  })
  const { text } = await gateway.issue()
  const basic = Buffer.from(`user:${text}`).toString('base64')
  const asked = [
    { path: '/own/a', headers: [bearer(text)] },
    { path: '/own/a', headers: [['Authorization', `Basic ${basic}`] as const] },
    { path: `/own/a?x=1&api_key=${text}&y=2` },
    { path: `/own/a?api%5Fkey=${text}` },
    { path: '/own/a?api_key=made-up-credential' },
    { path: `/own/${text}/hook`, headers: [bearer(text)] },
    { path: `/own/a?misspelt=${text}`, headers: [bearer(text)] },
    { path: '/shared/a?other=made-up-credential', headers: [bearer(text)] },
    { path: '/shared/a', headers: [bearer(text), ['Cookie', 'session=made-up-credential'] as const] },
    { path: `/nowhere/${text}?api_key=made-up-credential` },
  ]
  for (const plain of asked) await gateway.request(plain)
  const spans = await spansWhen(collector, asked.length + 5)
  await gateway.close()
  t.equal(collector.spans().filter(({ kind }) => kind === 2).length, asked.length)
  t.ok(spans.some(({ attributes }) => String(attributes['url.full']).includes('api_key=«redacted»')))

  const digest = parseKeyRing(ring).digest(new Secret(text)).value
  const bytes = collector.posts.map(({ body }) => body).join('\n')
  for (const secret of [
    text,
    basic,
    digest,
    'made-up-credential',
    'key-of-the-service',
    'key-of-the-collector',
  ]) {
    t.notOk(bytes.includes(secret), secret.slice(0, 4))
    t.notOk(JSON.stringify(gateway.log).includes(secret))
  }
})

t.test('what is long is cut behind its redaction', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url)
  const { text } = await gateway.issue()
  // The token stands across the place where the text is cut.
  await gateway.request({ path: `/${'a'.repeat(1010)}/${text}/b`, headers: [bearer(text)] })
  const spans = await spansWhen(collector, 3)
  const paths = spans.map(({ attributes }) => String(attributes['url.path'] ?? attributes['url.full'] ?? ''))
  for (const path of paths) {
    t.ok(path.length <= 1024)
    t.notMatch(path, text.slice(0, 6))
  }
})
