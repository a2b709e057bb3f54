/**
 * The grammar of `Authorization`, in the sentences of Sentry and of the framework under it.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { compileReadAuthorization } from '../../../src/profiles/sentry/sentry-authorization.ts'
import { isRefused, isSeenAs } from './checks.ts'
import { activeLegacyKey, sentryTokens } from './credentials.ts'
import { authorization, basic, bearer, startScene } from './scene.ts'

const path = '/api/0/organizations/acme/projects/'
const scene = await startScene(t)
const send = (value: string) => scene.send(path, authorization(value))

t.test('E9 a scheme alone is told that nothing follows it', async (t) => {
  for (const value of ['Bearer', 'bearer ', 'Bearer \t ']) {
    await isRefused(t, scene, () => send(value), 'Invalid token header. No credentials provided.')
  }
  await isRefused(t, scene, () => send('Basic'), 'Invalid basic header. No credentials provided.')
})

t.test('E10 more than one word behind it is told that there should be no spaces', async (t) => {
  const spaced = 'Invalid token header. Token string should not contain spaces.'
  for (const value of ['Bearer a b', `Bearer ${sentryTokens.user} x`, 'bearer\ta\tb\tc']) {
    await isRefused(t, scene, () => send(value), spaced, value)
  }
  const spacedBasic = 'Invalid basic header. Credentials string should not contain spaces.'
  await isRefused(t, scene, () => send('Basic a b'), spacedBasic)
})

t.test('Basic that is not Base64 of a pair is told so', async (t) => {
  const unreadable = 'Invalid basic header. Credentials not correctly base64 encoded.'
  const noPair = Buffer.from('nocolon').toString('base64')
  for (const value of ['Basic %%%', 'basic abc', 'Basic YQ=', `Basic ${noPair}`]) {
    await isRefused(t, scene, () => send(value), unreadable, value)
  }
})

t.test('E11 the scheme may be in any case', async (t) => {
  for (const scheme of ['bearer', 'BEARER', 'bEaReR']) {
    await isSeenAs(t, () => send(`${scheme} ${sentryTokens.user}`), 'user', scheme)
    t.strictSame(
      scene.sentry.last().header('authorization'),
      [`${scheme} ${sentryTokens.user}`],
      'it goes up as it came',
    )
  }
})

t.test('E12 any white space parts the words', async (t) => {
  for (const space of ['  ', '\t', ' \t ', '      ']) {
    await isSeenAs(t, () => send(`Bearer${space}${sentryTokens.user}`), 'user', JSON.stringify(space))
  }
})

t.test('E25 a legacy key with a password is no credential', async (t) => {
  const missing = 'Authentication credentials were not provided.'
  await isRefused(t, scene, () => scene.send(path, basic(`${activeLegacyKey.key}:pw`)), missing)
  await isRefused(t, scene, () => scene.send(path, basic(`${activeLegacyKey.key}::`)), missing)
  await isRefused(t, scene, () => scene.send(path, basic('alice:secret')), missing)
})

t.test(
  'E26 no credentials, and schemes that Sentry does not know, are told that there are none',
  async (t) => {
    const missing = 'Authentication credentials were not provided.'
    await isRefused(t, scene, () => scene.send(path), missing)
    const unknown = [
      '',
      'Token abc',
      'Digest x',
      `Bearer${sentryTokens.user}`,
      sentryTokens.user,
      'rpcsignature rpc0:00',
    ]
    for (const value of unknown) await isRefused(t, scene, () => send(value), missing, value)
    // A DSN is a credential only where the route takes one.
    await isRefused(t, scene, () => send('DSN https://a1b2c3d4e5f60718293a4b5c6d7e8f90@h/42'), missing)
    const head = await scene.request({ method: 'HEAD', path })
    t.equal(head.status, 401)
    t.strictSame(head.header('www-authenticate'), ['xBasic realm="api"'])
    t.equal(head.body.length, 0)
  },
)

t.test('E30 two Authorization headers are refused, on routes that read none too', async (t) => {
  const before = scene.sentry.requests.length
  const twice = [bearer(sentryTokens.user), authorization('rpcsignature rpc0:00')] as const
  for (const target of [path, '/api/0/internal/rpc/a/b/', '/api/0/relays/projectconfigs/', '/auth/login/']) {
    const answer = await scene.send(target, ...twice)
    t.equal(answer.status, 400, target)
    t.equal(answer.body.toString(), '{"detail":"The request carries more than one credential."}')
    t.equal((await scene.send(target, bearer(sentryTokens.user), bearer(sentryTokens.user))).status, 400)
  }
  t.equal(scene.sentry.requests.length, before)
})

t.test('what is no text of a token is an invalid token, however long or strange', async (t) => {
  for (const text of ['x', 'x'.repeat(5000), 'é', '"quoted"', 'a,b', 'null', '../..']) {
    await isRefused(t, scene, () => scene.send(path, bearer(text)), 'Invalid token', text.slice(0, 20))
  }
  const tooLong = 'Invalid basic header. Credentials not correctly base64 encoded.'
  await isRefused(t, scene, () => send(`Basic ${'QUFB'.repeat(1200)}`), tooLong)
})

t.test('reading never throws, and quotes the text in no reason', async () => {
  const read = compileReadAuthorization(true)
  const word = fc.constantFrom(
    'Bearer',
    'basic',
    'DSN',
    'rpcsignature',
    ' ',
    '\t',
    's3cret',
    'czNjcmV0Og==',
    'https://s3cret@h/1',
    'https://s3cret@h/x',
    ':',
    'é',
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (pieces) => {
      const found = read(pieces.join(''))
      return found === undefined || !('reason' in found) || !/s3cret/.test(found.reason + found.detail)
    }),
  )
})
