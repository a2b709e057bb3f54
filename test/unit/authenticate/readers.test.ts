/**
 * The texts of each scheme: what is a credential, what is none, and that no problem quotes what was presented.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { compileReadAuthParam } from '../../../src/authenticate/auth-param.ts'
import { readBasic } from '../../../src/authenticate/basic.ts'
import type { Credential, CredentialProblem } from '../../../src/authenticate/credential.ts'
import { readDsn } from '../../../src/authenticate/dsn.ts'
import { readToken68 } from '../../../src/authenticate/token68.ts'

const revealed = (read: Credential | CredentialProblem) =>
  'problem' in read ? undefined : read.secret.reveal()
const readParameter = compileReadAuthParam('Sentry', 'sentry_key')
const base64 = (text: string) => Buffer.from(text).toString('base64')
const dsn = (text: string) => {
  const read = readDsn(text)
  return 'problem' in read ? undefined : [read.secret.reveal(), read.project]
}

t.test('token68 is taken as it is, and nothing else is taken', async (t) => {
  for (const text of ['a', 'A-Z._~+/09', 'abc=', 'abc==', 'x'.repeat(4096)]) {
    t.equal(revealed(readToken68('bearer', text)), text)
  }
  for (const text of [
    '',
    '=',
    'a=b',
    ' a',
    'a ',
    'a b',
    'a,b',
    'a\n',
    '"a"',
    'é',
    'a%20',
    'x'.repeat(4097),
  ]) {
    t.equal(revealed(readToken68('bearer', text)), undefined, JSON.stringify(text.slice(0, 20)))
  }
})

t.test('Basic yields the password, or the user where that is empty', async (t) => {
  fc.assert(
    fc.property(fc.string(), fc.stringMatching(/^[!-~]+$/), (user, password) => {
      const plain = user.replaceAll(':', '')
      return revealed(readBasic(base64(`${plain}:${password}`))) === password
    }),
  )
  t.equal(revealed(readBasic(base64('key:'))), 'key')
  t.equal(revealed(readBasic(base64('user:a:b'))), 'a:b')
})

t.test('Basic without Base64, colon or token is malformed', async (t) => {
  const texts = [
    ...['', '=', 'a', 'ab', 'abc', 'a===', 'YTpi YTpi', 'YTpi\n', 'YTpi,', 'YTp-', '_Tpi', 'YTpi='],
    ...['user', ':', ' :', 'u: t', 'u:t ', 'u:t\n', 'u:\u0000', 'ü:', 'u:é', 'u:\ufffd'].map(base64),
    Buffer.from([0x75, 0x3a, 0xff]).toString('base64'),
    base64(`u:${'x'.repeat(4096)}`),
  ]
  for (const text of texts) t.equal(revealed(readBasic(text)), undefined, text.slice(0, 40))
})

t.test('a DSN yields its public key and the last segment of its path', async (t) => {
  const texts: readonly (readonly [string, readonly [string, string] | undefined])[] = [
    ['https://key@sentry.example/42', ['key', '42']],
    ['http://key:secret@sentry.example:9000/a/b/42', ['key', '42']],
    ['https://key@[::1]:9000/my-project', ['key', 'my-project']],
    ['HTTPS://K_1@h/1', ['K_1', '1']],
    ['https://key@sentry.example/', undefined],
    ['https://key@sentry.example', undefined],
    ['https://sentry.example/42', undefined],
    ['https://@sentry.example/42', undefined],
    ['https://k@e@sentry.example/42', undefined],
    ['https://key@sentry.example/42/', undefined],
    ['https://key@sentry.example//42', undefined],
    ['https://key@sentry.example/42?x', undefined],
    ['https://key@sentry.example/42#x', undefined],
    ['https://key@sentry.example/4%32', undefined],
    ['https://key@sentry.example/../42', ['key', '42']],
    ['https:/key@sentry.example/42', undefined],
    [' https://key@sentry.example/42', undefined],
    ['https://key@sentry.example/42 ', undefined],
    ['https://key@sentry.example/42\n', undefined],
    ['//key@sentry.example/42', undefined],
    ['key', undefined],
    ['', undefined],
    [`https://key@sentry.example/${'4'.repeat(65)}`, undefined],
    [`https://${'k'.repeat(5000)}@sentry.example/42`, undefined],
  ]
  for (const [text, expected] of texts) t.strictSame(dsn(text), expected, text.slice(0, 60))
})

t.test('auth-params yield the one that is named, whatever the order of its parameters', async (t) => {
  const good = ['sentry_key=K', 'sentry_version=7', 'sentry_client=raven-js/3.2', 'sentry_timestamp=1.5']
  fc.assert(
    fc.property(
      fc.shuffledSubarray(good, { minLength: 1 }),
      fc.constantFrom(',', ', ', ' , '),
      (parts, comma) => {
        const expected = parts.includes('sentry_key=K') ? 'K' : undefined
        return revealed(readParameter(`Sentry ${parts.join(comma)}`)) === expected
      },
    ),
  )
  for (const text of [
    ...['', 'Sentry', 'Sentry ', 'Sentry K', 'Bearer sentry_key=K', 'Sentrysentry_key=K', 'sentry_key=K'],
    ...['Sentry sentry_key=', 'Sentry sentry_key=a b', 'Sentry sentry_key="K"', 'Sentry sentry_key=K;x=1'],
    ...['Sentry sentry_key=K,sentry_key=K', 'Sentry ,sentry_key=K', 'Sentry sentry_key=K,,a=1'],
    ...['Sentry SENTRY_KEY=K', 'Sentry sentry_key=K\tx=1', `Sentry sentry_key=${'K'.repeat(5000)}`],
  ]) {
    t.equal(revealed(readParameter(text)), undefined, text.slice(0, 40))
  }
})

t.test('no reader throws, takes long, or quotes its text in a problem', async (t) => {
  const readers = [readBasic, readDsn, readParameter, (text: string) => readToken68('header', text)]
  const word = fc.constantFrom(
    's3cret',
    ':',
    '@',
    '/',
    '//',
    'Sentry ',
    'sentry_key=',
    ',',
    ' ',
    '=',
    'https',
    'é',
  )
  const text = fc.array(word, { maxLength: 30 }).map((words) => words.join(''))
  fc.assert(
    fc.property(fc.oneof(text, text.map(base64), fc.string()), (presented) => {
      for (const read of readers) {
        const found = read(presented)
        if (JSON.stringify(found).includes('s3cret')) throw new Error(JSON.stringify(found))
      }
    }),
  )
  const started = performance.now()
  for (const read of readers) {
    for (const unit of ['a', '/a', 'https://a@', 'sentry_key=a,', '====', 'A+'])
      read(unit.repeat(4096 / unit.length))
  }
  t.ok(performance.now() - started < 500, 'hostile repetitions of 4 KiB take no time')
})
