/**
 * That the log shows no credential that a route reads, however its place is spelt.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { compileRedaction } from '../../../src/observability/redaction.ts'
import { newTokenText } from '../../../src/tokens/token-text.ts'

const { redactPath, redactQuery, redactHeaders } = compileRedaction({
  headers: ['x-auth-token', 'X-Sentry-Auth'],
  queryParameters: ['sentry_key', 'api_key'],
})

t.test('hides the text of a token wherever a client put it', async (t) => {
  const text = newTokenText('deploy').reveal()
  t.equal(redactPath(`/hooks/${text}/run/${text}`), '/hooks/«redacted»/run/«redacted»')
  t.equal(redactQuery(`?acces_token=${text}&a=${text};b`), '?acces_token=«redacted»&a=«redacted»;b')
  t.equal(redactPath('/spd_short/spx_other'), '/spd_short/spx_other')
})

t.test('replaces the values of credential parameters and nothing else', async (t) => {
  const queries: readonly [string, string][] = [
    ['', ''],
    ['?', '?'],
    ['a=1&b=2', 'a=1&b=2'],
    ['a=1&sentry_key=s3cret&b=2', 'a=1&sentry_key=«redacted»&b=2'],
    ['?sentry_key=s3cret', '?sentry_key=«redacted»'],
    ['api_key=s3=cret&api_key=s3cret', 'api_key=«redacted»&api_key=«redacted»'],
    ['API_KEY=s3cret', 'API_KEY=«redacted»'],
    ['%61pi%5Fkey=s3cret', '%61pi%5Fkey=«redacted»'],
    ['api_key=s3;cret', 'api_key=«redacted»'],
    ['a=1;api_key=s3cret;b=2', 'a=1;api_key=«redacted»'],
    ['+api_key=s3cret', '+api_key=«redacted»'],
    ['%zz=s3cret', '%zz=«redacted»'],
    ['api_keys=1&my_api_key=2', 'api_keys=1&my_api_key=2'],
  ]
  for (const [query, shown] of queries) t.equal(redactQuery(query), shown, query)
})

t.test(
  'shows no value of a credential parameter, whatever stands around it and however it is encoded',
  async () => {
    const encoded = fc.array(fc.nat(2), { minLength: 7, maxLength: 7 }).map((choices) =>
      [...'api_key']
        .map((character, index) => {
          const code = character.charCodeAt(0).toString(16)
          return [character, `%${code}`, character.toUpperCase()][choices[index] ?? 0]
        })
        .join(''),
    )
    const rest = fc
      .array(fc.tuple(fc.string(), fc.string()))
      .map((pairs) => pairs.map((pair) => pair.join('=')))
    fc.assert(
      fc.property(rest, encoded, rest, (before, name, after) => {
        const query = [...before, `${name}=s3cret-value`, ...after].join('&')
        return !redactQuery(query).includes('s3cret-value')
      }),
    )
  },
)

t.test(
  'replaces credential headers in any case, with `_` for `-`, and those that always hold one',
  async (t) => {
    const shown = redactHeaders({
      'x-auth-token': 's3cret',
      'X-AUTH_TOKEN': 's3cret',
      'x-sentry-auth': ['s3cret'],
      authorization: 's3cret',
      'Proxy-Authorization': 's3cret',
      cookie: 's3cret',
      'set-cookie': ['s3cret'],
      accept: 'text/html',
    })
    t.notMatch(JSON.stringify(shown), /s3cret/)
    t.match(shown, { accept: 'text/html', authorization: '«redacted»' })
  },
)

t.test('shows nothing of headers that are not a record', async (t) => {
  t.equal(redactHeaders(['authorization', 's3cret']), '«redacted»')
  t.equal(redactHeaders('authorization: s3cret'), '«redacted»')
  t.equal(redactHeaders(null), '«redacted»')
})
