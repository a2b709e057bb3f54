/**
 * What is a key, and for how long: the grammar of `Authorization` as Django REST Framework API Key has it, keys that Read
 * the Docs made, and their last moment.
 * @module
 */

import fc from 'fast-check'
import t, { type Test } from 'tap'
import { readKeyAfter } from '../../../src/profiles/readthedocs/key-grammar.ts'
import { importTokens } from '../../../src/tokens/foreign/import-tokens.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { readTheDocsKey } from '../../integration/foreign/foreign-tokens.ts'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { notFound, notProvided, passingRoutes, type SceneOptions, said, start } from './scene.ts'

const reset = '/api/v2/build/11/reset/'
const other = '/api/v2/build/22/reset/'
const { text: importedKey, line } = readTheDocsKey

/** The gateway before a service that made the key, and narrows it to `pip`. */
async function startImported(t: Test, options: SceneOptions = {}, more: object = {}) {
  const scene = await start(t, { routes: passingRoutes(), ...options })
  const { ring, gateway, service } = scene
  const { clock = { now: Date.now } } = options
  const issuer = { registry: gateway.store, keyRing: parseKeyRing(ring), clock, isNetwork: () => true }
  const lines = (async function* () {
    yield JSON.stringify({ ...line, ...more })
  })()
  await importTokens(issuer, lines, { skipsBad: false, createdBy: 'tester', origin: 'test' })
  service.keys.set(importedKey, 'pip')
  await until(async () => (await scene.send('POST', reset, importedKey)).status === 204)
  return scene
}

t.test('R21 the keyword is taken in any case', async (t) => {
  const { keyA, gateway, carried } = await start(t)
  for (const keyword of ['Token', 'token', 'TOKEN', 'Api-Key', 'api-key', 'API-KEY']) {
    const headers: readonly HeaderLine[] = [['Authorization', `${keyword} ${keyA.text}`]]
    t.equal((await gateway.request({ method: 'POST', path: reset, headers })).status, 204, keyword)
  }
  t.equal(carried().length, 6)
})

t.test('R22 what is not a keyword, one space and the very key is no key', async (t) => {
  const { keyA, gateway, send, carried } = await start(t)
  const key = keyA.text
  const values = [
    `Token  ${key}`,
    `Token:${key}`,
    `Token: ${key}`,
    `Bearer ${key}`,
    `Token\t${key}`,
    `Token ${key} x`,
    `Token "${key}"`,
    `Token token ${key}`,
    `Token ${key},Token ${key}`,
    `Tokens ${key}`,
    `Token`,
    key,
    `Token ${key}${'x'.repeat(8_000)}`,
    `Token ${'é'.repeat(20)}`,
    `Basic ${Buffer.from(`builder:${key}`).toString('base64')}`,
  ]
  for (const value of values) {
    const headers: readonly HeaderLine[] = [['Authorization', value]]
    t.strictSame(said(await gateway.request({ method: 'POST', path: reset, headers })), notProvided, value)
    t.equal((await gateway.request({ path: '/api/v2/project/2/', headers })).status, 200, 'as nobody')
    t.strictSame(carried().at(-1)?.header('authorization'), [])
  }
  t.equal(carried().length, values.length)
  for (const spaced of [`  Token ${key}`, `Token ${key}  `]) {
    const headers: readonly HeaderLine[] = [['Authorization', spaced]]
    t.equal((await gateway.request({ method: 'POST', path: reset, headers })).status, 204, 'HTTP trims it')
  }
  t.equal((await send('POST', reset, key)).status, 204)
})

t.test('the grammar finds a key exactly where there is one', async (t) => {
  const read = readKeyAfter(['token'])
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary-ascii' }),
      fc.constantFrom('Token', 'toKEN', 'Api-Key', ''),
      (rest, keyword) => {
        const value = keyword + rest
        const found = read(value)
        const [, key] = /^token (.+)$/is.exec(value) ?? []
        const text = found !== undefined && 'secret' in found ? found.secret.reveal() : undefined
        if (text !== key) throw new Error(`${JSON.stringify(value)}: ${text}, and not ${key}`)
      },
    ),
  )
  t.equal(read(`Token ${'k'.repeat(4_097)}`), undefined)
  t.ok(read(`Token ${'k'.repeat(4_096)}`))
  t.equal(read('Api-Key k'), undefined, 'only the keywords that the route names')
})

t.test('R23 a key in another case is none', async (t) => {
  const { keyA, send } = await start(t)
  const scene = await startImported(t)
  for (const change of [(key: string) => key.toUpperCase(), (key: string) => key.toLowerCase()]) {
    t.strictSame(said(await send('POST', reset, change(keyA.text))), notProvided)
    t.strictSame(said(await scene.send('POST', reset, change(importedKey))), notProvided)
  }
})

t.test('R24 a wrong secret behind a right prefix is told the same as an unknown prefix', async (t) => {
  const { send, carried } = await startImported(t)
  const before = carried().length
  const [prefix, secret = ''] = importedKey.split('.')
  const wrong = await send('POST', reset, `${prefix}.${secret.slice(0, -1)}x`)
  const unknown = await send('POST', reset, `zzzzzzzz.${secret}`)
  t.strictSame(said(wrong), notProvided)
  t.strictSame(said(unknown), notProvided)
  const without = ({ headers }: typeof wrong) =>
    headers.filter(([name]) => !/^(x-request-id|date)$/i.test(name))
  t.strictSame(without(wrong), without(unknown))
  t.equal(carried().length, before)
})

t.test('R25 an imported key is good in the moment of its expiry, and not a millisecond later', async (t) => {
  const expiry = Date.UTC(2026, 0, 31, 12)
  const clock = { at: expiry - 3_600_000, now: () => clock.at }
  const { send } = await startImported(t, { clock }, { expires: new Date(expiry).toISOString() })
  for (const [at, status] of [
    [expiry - 1, 204],
    [expiry, 204],
    [expiry + 1, 403],
    [expiry + 1_000, 403],
  ] as const) {
    clock.at = at
    t.equal((await send('POST', reset, importedKey)).status, status, String(at - expiry))
  }
})

t.test('R26 a minted key lives for three hours, and for a day at the most', async (t) => {
  const clock = { at: Date.UTC(2026, 0, 31), now: () => clock.at }
  const { gateway, issue, send } = await start(t, { clock })
  const hourMs = 3_600_000
  const three = await issue('pip', { kind: 'build' })
  const day = await issue('pip', { lifetimeMs: 24 * hourMs })
  await t.rejects(issue('pip', { lifetimeMs: 24 * hourMs + 1 }), /at most 24 hours/)
  const begun = clock.at
  for (const [age, status] of [
    [3 * hourMs - 1, [204, 204]],
    [3 * hourMs, [403, 204]],
    [3 * hourMs + 1_000, [403, 204]],
    [24 * hourMs - 1, [403, 204]],
    [24 * hourMs + 1_000, [403, 403]],
  ] as const) {
    clock.at = begun + age
    const found = [await send('POST', reset, three.text), await send('POST', reset, day.text)]
    t.strictSame(
      found.map((answer) => answer.status),
      status,
      String(age),
    )
  }
  t.match(
    gateway.log.findLast(({ code }) => code === 'invalid_token'),
    { reason: /is expired/ },
  )
})

t.test('an imported key passes as it is, and the service narrows it', async (t) => {
  const { send, carried, service } = await startImported(t)
  t.equal((await send('GET', '/api/v2/project/1/', importedKey)).status, 200)
  t.strictSame(carried().at(-1)?.header('authorization'), [`Token ${importedKey}`])
  t.strictSame(said(await send('POST', other, importedKey)), notFound)
  t.strictSame(carried().at(-1)?.header('authorization'), [`Token ${importedKey}`], 'it said so')
  service.keys.delete(importedKey)
  t.strictSame(said(await send('POST', reset, importedKey)), notProvided, 'and whether it is one')
})

t.test('no key stands in the log, nor in an answer', async (t) => {
  const { gateway, keyA, send } = await start(t)
  const answers = [
    await send('GET', `/api/v2/project/2/?key=${'x'.repeat(8)}`, keyA.text),
    await send('POST', '/api/v2/revoke/', `${keyA.text}x`),
    await send('PATCH', '/api/v2/build/22/', keyA.text),
  ]
  const written = JSON.stringify([
    gateway.log,
    answers.map(({ headers, body }) => [headers, body.toString()]),
  ])
  t.notOk(written.includes(keyA.text.slice(4, 20)))
  t.notOk(written.includes('s3cret'))
})
