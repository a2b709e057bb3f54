/**
 * How Swift reads a path: decoded once, split at every slash into version, account, container and object, and
 * otherwise taken as it is.
 * @module
 */

import t from 'tap'
import { callerOf, directly } from '../ways.ts'

const owner = await callerOf(directly(), 'facts:owner')
const account = '/v1/AUTH_facts'

t.before(async () => {
  await owner('PUT', `${account}/paths`)
  await owner('PUT', `${account}/paths/thing`, {}, 'thing')
  await owner('PUT', `${account}/paths/a/b`, {}, 'a/b')
})

t.test('an encoded slash is a slash, and every byte may be encoded', async (t) => {
  for (const target of [
    '/v1/AUTH_facts/paths/thing',
    '/v1.0/AUTH_facts/paths/thing',
    '/v1/AUTH_facts%2Fpaths/thing',
    '/v1%2FAUTH_facts/paths/thing',
    '/v1/AUTH_facts/paths%2Fthing',
    '/v1/AUTH_facts%2fpaths%2fthing',
    '/v1/%41UTH%5Ffacts/path%73/%74hing',
    '/v1/AUTH_facts/paths/thing?',
    '/v1/AUTH_facts/paths/thing?a/b#c',
  ]) {
    t.equal((await owner('GET', target)).body.toString(), 'thing', target)
  }
  t.equal((await owner('GET', `${account}/paths/a%2Fb`)).body.toString(), 'a/b')
})

t.test('a path that does not name an account in an API is refused by its form', async (t) => {
  for (const [target, status] of [
    ['//v1/AUTH_facts', 404],
    ['http://storage.example/v1/AUTH_facts', 404],
    ['v1/AUTH_facts', 404],
    ['/', 404],
    ['*', 404],
    ['/v2/AUTH_facts', 400],
    ['/V1/AUTH_facts', 400],
    ['/v1.00/AUTH_facts', 400],
    ['/./v1/AUTH_facts', 400],
    ['/v1', 412],
    ['/v1/', 412],
    ['/v1//AUTH_facts', 412],
    ['/v1/AUTH_facts//paths', 412],
    ['/v1/AUTH_facts///', 412],
    ['/v1/AUTH_facts/paths/%00', 412],
    ['/v1/AUTH_facts/paths/%ff', 412],
    ['/v1/AUTH_facts%C0%AFpaths/thing', 412],
  ] as const) {
    t.equal((await owner('GET', target)).status, status, target)
  }
})

t.test('other accounts are meant by other cases, blanks, dots and parameters', async (t) => {
  for (const target of [
    '/v1/auth_facts',
    '/v1/AUTH_facts%20',
    '/v1/AUTH_facts%0a',
    '/v1/AUTH_facts;x=y/paths',
    '/v1/AUTH_facts%EF%BC%8Fpaths/thing',
    '/v1/./AUTH_facts',
    '/v1/../v1/AUTH_facts/paths/thing',
  ]) {
    t.equal((await owner('GET', target)).status, 403, target)
  }
})

t.test('slashes at the end name the same account or container, and another object', async (t) => {
  t.match((await owner('GET', `${account}/`)).body.toString(), /^paths$/m)
  t.match((await owner('GET', `${account}//`)).body.toString(), /^paths$/m)
  t.match((await owner('GET', `${account}/paths/`)).body.toString(), /^thing$/m)
  t.equal((await owner('GET', `${account}/paths/thing/`)).status, 404)
})

t.test('dots, slashes, escapes and line ends are parts of the names of objects and containers', async (t) => {
  const names = [
    '../../x',
    '/',
    '//',
    'thing/',
    '.',
    '..',
    '\n',
    '%2F',
    '%',
    '%zz',
    'a;b=c',
    'a?b',
    'a#b',
    'é',
    '+',
    ' ',
  ]
  await owner('PUT', `${account}/odd`)
  for (const name of names) await owner('PUT', `${account}/odd/${encodeURIComponent(name)}`)
  const listed = JSON.parse((await owner('GET', `${account}/odd?format=json`)).body.toString())
  t.strictSame(listed.map(({ name }: { name: string }) => name).toSorted(), names.toSorted())
  // Not resolved, not taken as a fragment, and bad escapes left as they stand.
  t.equal((await owner('HEAD', `${account}/odd/../../x`)).status, 200)
  t.equal((await owner('HEAD', `${account}/odd/a#b`)).status, 200)
  t.equal((await owner('HEAD', `${account}/odd/%zz`)).status, 200)
  t.equal((await owner('HEAD', `${account}/odd/${Buffer.from('é').toString('latin1')}`)).status, 200)
  t.equal((await owner('PUT', `${account}/..`)).status, 201, 'a container of the name «..»')
})
