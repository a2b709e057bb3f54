/**
 * Requests that name other resources than their path does: how Swift decodes and splits those names, on which
 * methods it looks at them at all, and how its responses name resources.
 * @module
 */

import t, { type Test } from 'tap'
import { callerOf, directly, type Headers } from '../ways.ts'

const way = directly()
const owner = await callerOf(way, 'facts:owner')
const neighbour = await callerOf(way, 'test2:tester2')
const box = '/v1/AUTH_facts/names'

t.before(async () => {
  for (const container of ['names', 'source', 'archive']) await owner('PUT', `/v1/AUTH_facts/${container}`)
  await owner('PUT', '/v1/AUTH_facts/source/x', {}, 'x')
  await owner('PUT', '/v1/AUTH_facts/source/a/b', {}, 'a/b')
  await neighbour('PUT', '/v1/AUTH_test2/shared', {
    'X-Container-Read': 'facts:owner',
    'X-Container-Write': 'facts:owner',
  })
  await neighbour('PUT', '/v1/AUTH_test2/shared/x', {}, 'theirs')
  await neighbour('PUT', '/v1/AUTH_test2/secret')
  await neighbour('PUT', '/v1/AUTH_test2/secret/x', {}, 'secret')
})

/** Values that name container and object, and what Swift says to them: a copied path, or a status. */
const namesOfObjects = [
  ['source/x', 'source/x'],
  ['/source/x', 'source/x'],
  ['source%2Fx', 'source/x'],
  ['%2Fsource%2Fx', 'source/x'],
  ['s%6Furce/a/b', 'source/a/b'],
  ['source/a%2Fb', 'source/a/b'],
  ['//source/x', 412],
  ['source', 412],
  ['source/', 412],
  ['/source/', 412],
  ['source/%00', 412],
  ['source//x', 404],
  ['source/x/', 404],
  ['source/x?y', 404],
  ['source/../source/x', 404],
  ['http://storage.example/v1/AUTH_facts/source/x', 404],
  ['AUTH_facts/source/x', 404],
] as const

t.test('X-Copy-From is decoded once, may begin with one slash, and is split at the next', async (t) => {
  for (const [value, expected] of namesOfObjects) {
    const answer = await owner('PUT', `${box}/copy`, { 'X-Copy-From': value })
    if (typeof expected === 'number') t.equal(answer.status, expected, value)
    else t.strictSame([answer.status, answer.header('x-copied-from')], [201, [expected]], value)
  }
  await copied(t, { 'X-Copy-From': ['source/x', 'source/x'] }, 404, 'two headers are one name')
  await copied(t, { X_Copy_From: 'source/x' }, 201, 'underscores are hyphens')
  await copied(t, { 'X-Copy-From': '' }, 201, 'an empty value is an ordinary upload')
  t.equal((await owner('GET', `${box}/copy`)).body.length, 0)
  t.equal((await owner('PUT', `${box}/copy`, { 'X-Copy-From': 'source/x' }, 'body')).status, 400)
})

t.test('X-Copy-From-Account is decoded, has no slash, and is nothing without X-Copy-From', async (t) => {
  const from = (account: string) => ({ 'X-Copy-From': 'shared/x', 'X-Copy-From-Account': account })
  await copied(t, from('AUTH_test2'), 201)
  await copied(t, from('AUTH%5Ftest2'), 201)
  await copied(t, from(''), 404, 'an empty one is the own account')
  for (const value of ['/AUTH_test2', 'AUTH_test2/', 'AUTH_test2%2Fshared'])
    await copied(t, from(value), 412, value)
  await copied(t, { 'X-Copy-From': 'secret/x', 'X-Copy-From-Account': 'AUTH_test2' }, 403)
  await copied(t, { 'X-Copy-From-Account': 'AUTH_test2' }, 201)
})

t.test('X-Copy-From is looked at in uploads of objects only', async (t) => {
  const secret = { 'X-Copy-From': 'secret/x', 'X-Copy-From-Account': 'AUTH_test2' }
  t.equal((await owner('POST', `${box}/copy`, secret)).status, 202)
  t.equal((await owner('GET', `${box}/copy`, secret)).status, 200)
  t.equal((await owner('PUT', box, secret)).status, 202)
})

t.test('COPY reads its Destination as PUT reads X-Copy-From, and PUT reads none', async (t) => {
  for (const [value, status] of [
    ['names/copy', 201],
    ['/names/copy', 201],
    ['names%2Fcopy', 201],
    ['names//copy', 201],
    ['//names/copy', 412],
    ['names', 412],
    ['', 412],
    ['http://storage.example/v1/AUTH_facts/names/copy', 404],
  ] as const) {
    const answer = await owner('COPY', '/v1/AUTH_facts/source/x', { Destination: value })
    t.equal(answer.status, status, value)
  }
  const elsewhere = { Destination: 'shared/y', 'Destination-Account': 'AUTH_test2' }
  t.equal((await owner('COPY', '/v1/AUTH_facts/source/x', elsewhere)).status, 201)
  t.equal((await neighbour('GET', '/v1/AUTH_test2/shared/y')).body.toString(), 'x')
  for (const value of ['', 'AUTH_test2%2Fshared']) {
    const headers = { ...elsewhere, 'Destination-Account': value }
    t.equal((await owner('COPY', '/v1/AUTH_facts/source/x', headers)).status, 412, value)
  }
  t.equal((await owner('PUT', `${box}/plain`, elsewhere, 'plain')).status, 201)
  t.equal((await owner('GET', `${box}/plain`)).body.toString(), 'plain')
})

t.test(
  'COPY without Destination-Account reads from the account in X-Copy-From-Account, not from its path',
  async (t) => {
    const headers = { Destination: 'names/moved', 'X-Copy-From-Account': 'AUTH_test2' }
    await owner('PUT', '/v1/AUTH_facts/shared')
    await owner('PUT', '/v1/AUTH_facts/shared/x', {}, 'mine')
    t.equal((await owner('COPY', '/v1/AUTH_facts/shared/x', headers)).status, 201)
    t.equal((await owner('GET', `${box}/moved`)).body.toString(), 'theirs')
    const both = { ...headers, 'Destination-Account': 'AUTH_facts' }
    t.equal((await owner('COPY', '/v1/AUTH_facts/shared/x', both)).status, 201)
    t.equal((await owner('GET', `${box}/moved`)).body.toString(), 'mine')
  },
)

t.test(
  'a symlink is set by PUT to a name without a leading slash, and followed as whoever reads',
  async (t) => {
    for (const [value, status] of [
      ['source/x', 201],
      ['source%2Fx', 201],
      ['source//x', 201],
      ['/source/x', 412],
      ['%2Fsource/x', 412],
      ['source', 412],
      ['source/', 412],
      ['', 412],
      ['names/link', 400],
    ] as const) {
      t.equal((await owner('PUT', `${box}/link`, { 'X-Symlink-Target': value })).status, status, value)
    }
    t.equal((await owner('POST', `${box}/link`, { 'X-Symlink-Target': 'source/x' })).status, 400)
    const target = { 'X-Symlink-Target': 'secret/x', 'X-Symlink-Target-Account': 'AUTH_test2' }
    t.equal((await owner('PUT', `${box}/link`, target)).status, 201, 'what may not be read may be linked')
    const read = await owner('GET', `${box}/link`)
    t.equal(read.status, 403)
    t.strictSame(read.header('content-location'), ['/v1/AUTH_test2/secret/x'])
    for (const value of ['', 'AUTH_test2%2Fshared']) {
      t.equal(
        (await owner('PUT', `${box}/link`, { ...target, 'X-Symlink-Target-Account': value })).status,
        412,
      )
    }
  },
)

t.test('responses name the target of a link by its path', async (t) => {
  const target = { 'X-Symlink-Target': 'shared/x', 'X-Symlink-Target-Account': 'AUTH_test2' }
  await owner('PUT', `${box}/link`, target)
  const read = await owner('GET', `${box}/link`)
  t.equal(read.body.toString(), 'theirs')
  t.strictSame(read.header('content-location'), ['/v1/AUTH_test2/shared/x'])
  const link = await owner('HEAD', `${box}/link?symlink=get`)
  t.strictSame(link.header('x-symlink-target'), ['shared/x'])
  t.strictSame(link.header('x-symlink-target-account'), ['AUTH_test2'])
  const posted = await owner('POST', `${box}/link`, { 'X-Object-Meta-A': 'b' })
  t.equal(posted.status, 307)
  t.strictSame(posted.header('location'), ['/v1/AUTH_test2/shared/x'])
})

t.test(
  'a manifest of a large object is checked raw by PUT, unchecked by POST, and decoded when it is read',
  async (t) => {
    const put = async (value: string) =>
      (await owner('PUT', `${box}/large`, { 'X-Object-Manifest': value })).status
    for (const value of [
      '/source/x',
      'source%2Fx',
      'source/',
      'source',
      '',
      'source//x',
      'source/x?y',
      'source/x&y',
    ]) {
      t.equal(await put(value), 400, value)
    }
    t.equal(await put('s%6Furce/x'), 201)
    const read = await owner('GET', `${box}/large`)
    t.equal(read.body.toString(), 'x')
    t.strictSame(read.header('x-object-manifest'), ['s%6Furce/x'])
    t.equal((await owner('POST', `${box}/large`, { 'X-Object-Manifest': 'source%2Fa' })).status, 202)
    t.equal((await owner('GET', `${box}/large`)).body.toString(), 'a/b')
  },
)

t.test('the last of repeated parameters counts, decoded, in lower case and between ampersands', async (t) => {
  const segments = JSON.stringify([{ path: 'source/x' }])
  for (const [query, isManifest] of [
    ['multipart-manifest=put', true],
    ['multipart%2Dmanifest=p%75t', true],
    ['multipart-manifest=x&multipart-manifest=put', true],
    ['multipart-manifest=put&multipart-manifest=x', false],
    ['multipart-manifest=PUT', false],
    ['Multipart-Manifest=put', false],
    ['a=b;multipart-manifest=put', false],
  ] as const) {
    t.equal((await owner('PUT', `${box}/static?${query}`, {}, segments)).status, 201, query)
    t.equal((await owner('GET', `${box}/static`)).body.toString(), isManifest ? 'x' : segments, query)
  }
})

t.test('segments are named as they stand, in the account of the manifest', async (t) => {
  const put = async (path: string) =>
    (await owner('PUT', `${box}/static?multipart-manifest=put`, {}, JSON.stringify([{ path }]))).status
  t.equal(await put('//source/x'), 201)
  for (const path of ['source%2Fx', 'source/x%00', '../AUTH_test2/shared/x', 'source'])
    t.equal(await put(path), 400, path)
})

t.test(
  'the archive of versions is named raw, without a slash, and written with no standing of the caller',
  async (t) => {
    const set = async (value: string) => (await owner('POST', box, { 'X-Versions-Location': value })).status
    for (const value of ['/archive', 'archive/x']) t.equal(await set(value), 412, value)
    t.equal(await set('arch%69ve'), 204)
    t.strictSame((await owner('HEAD', box)).header('x-versions-location'), ['arch%69ve'])
    await owner('POST', box, { 'X-Container-Write': 's:stranger' })
    const stranger = await callerOf(way, 's:stranger')
    t.equal((await stranger('PUT', '/v1/AUTH_facts/archive/x')).status, 403)
    for (const body of ['first', 'second'])
      t.equal((await stranger('PUT', `${box}/versioned`, {}, body)).status, 201)
    t.match((await owner('GET', '/v1/AUTH_facts/archive')).body.toString(), /^009versioned\//)
    const both = { 'X-Versions-Location': 'archive', 'X-History-Location': 'archive' }
    t.equal((await owner('POST', box, both)).status, 400)
    t.equal(await set(''), 204)
    t.strictSame((await owner('HEAD', box)).header('x-versions-location'), [])
  },
)

t.test('bulk deletion is 200 to everybody and on every path; each item is judged by itself', async (t) => {
  const anonymous = await callerOf(way)
  for (const target of ['/v1/AUTH_facts?bulk-delete', '/v1/AUTH_facts?bulk%2Ddelete=1', '/?bulk-delete']) {
    t.equal((await anonymous('POST', target, {}, 'source/x\n')).status, 200, target)
  }
  const refused = await anonymous('POST', '/v1/AUTH_facts?bulk-delete', {}, 'source/x\n')
  t.match(refused.body.toString(), /source\/x, 401 Unauthorized/)
  const outside = await owner(
    'POST',
    '/v1/AUTH_facts?bulk-delete',
    {},
    '../AUTH_test2/shared/x\nAUTH_test2/shared/x\n',
  )
  t.match(outside.body.toString(), /Number Not Found: 2/, 'names stay in the account')
  const storage = { 'X-Storage-Token': await way.token('facts:owner') }
  const untold = await anonymous('POST', '/v1/AUTH_facts?bulk-delete', storage, 'source/x\n')
  t.match(untold.body.toString(), /source\/x, 401 Unauthorized/, 'only X-Auth-Token reaches the items')
})

async function copied(
  t: Test,
  headers: Headers,
  status: number,
  says = JSON.stringify(headers),
): Promise<void> {
  t.equal((await owner('PUT', `${box}/copy`, headers)).status, status, says)
}
