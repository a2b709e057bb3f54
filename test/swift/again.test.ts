/**
 * Sessions outlive Swift's tokens: when Swift has forgotten them the gateway logs in again, once however many ask, and
 * only a login that Swift refuses ends a session. A Swift that does not answer ends none.
 * @module
 */

import t, { type Test } from 'tap'
import { freePort } from '../support/free-port.ts'
import { startPostgres } from '../support/postgres.ts'
import type { RawAnswer } from '../support/raw-request.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startSwift } from '../support/swift.ts'
import { installSwiftGateway, startSwiftGateway } from './gateway.ts'
import { type Caller, callerOf } from './ways.ts'
import { answeredBy, openWindow } from './window.ts'

const account = '/v1/AUTH_again'
const swift = await startSwift()
t.teardown(() => swift.stop())

t.test('a Swift that has forgotten every token is not noticed by who reads', async (t) => {
  const { owner, window } = await begin(t)
  t.equal((await owner('PUT', `${account}/box`)).status, 201)
  t.equal((await owner('PUT', `${account}/box/thing`, {}, 'before')).status, 201)
  const before = logins(window)
  await swift.memcached.restart()

  const reads = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      index % 3 === 0 ? owner('HEAD', `${account}/box/thing`) : owner('GET', `${account}/box/thing`),
    ),
  )
  for (const read of reads) t.equal(read.status, 200)
  t.equal(reads[1]?.body.toString(), 'before')
  t.equal(logins(window) - before, 1, 'twelve requests log in once')
  t.equal((await owner('PUT', `${account}/box/thing`, {}, 'behind')).status, 201)
  t.equal((await owner('DELETE', `${account}/box/thing`)).status, 204)
  t.equal(logins(window) - before, 1)
})

t.test('a write with a body that Swift turned away is 503 once, and then works', async (t) => {
  const { owner, window } = await begin(t)
  await owner('PUT', `${account}/box`)
  await swift.memcached.restart()
  const refused = await owner('PUT', `${account}/box/thing`, {}, 'a body')
  t.equal(refused.status, 503)
  t.strictSame(refused.header('retry-after'), ['1'])
  isOfSwift(t, refused)
  t.equal((await owner('HEAD', `${account}/box/thing`)).status, 404, 'nothing was written')
  t.equal((await owner('PUT', `${account}/box/thing`, {}, 'a body')).status, 201)
  t.equal((await owner('GET', `${account}/box/thing`)).body.toString(), 'a body')

  await swift.memcached.restart()
  t.equal((await owner('POST', `${account}/box`)).status, 204, 'without a body it is sent again')
  const bodies = window.requests.filter(({ method, target }) => method === 'PUT' && target.endsWith('/thing'))
  t.equal(bodies.length, 2, 'no body goes up twice')
  await owner('DELETE', `${account}/box/thing`)
})

t.test('two replicas with one record share a session, and do not fight over it', async (t) => {
  const postgres = await startPostgres()
  t.teardown(() => postgres.stop())
  const window = await openWindow(t, swift.port)
  const replicaOf = installSwiftGateway(t)
  const options = { swiftUrl: window.url, postgresUrl: postgres.url, replicaOf }
  const [one, other] = [await startSwiftGateway(t, options), await startSwiftGateway(t, options)]
  const owner = await callerOf(one.way, 'again:owner')
  const elsewhere = await callerOf({ ...other.way, token: one.way.token }, 'again:owner')
  await owner('PUT', `${account}/shared`)
  t.equal(
    (await elsewhere('HEAD', `${account}/shared`)).status,
    204,
    'a session of the one is one of the other',
  )
  t.equal(logins(window), 1)

  await swift.memcached.restart()
  const reads = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      (index % 2 === 0 ? owner : elsewhere)('HEAD', `${account}/shared`),
    ),
  )
  for (const read of reads) t.equal(read.status, 204)
  t.ok(logins(window) <= 3, `${logins(window) - 1} new logins for both`)
  const settled = logins(window)
  for (let round = 0; round < 8; round++) {
    t.equal((await owner('HEAD', `${account}/shared`)).status, 204)
    t.equal((await elsewhere('HEAD', `${account}/shared`)).status, 204)
  }
  t.equal(logins(window), settled, 'then nobody logs in any more')
})

t.test('where the key was changed at Swift, the session is over', async (t) => {
  const { owner, window, logIn } = await begin(t)
  t.equal((await owner('HEAD', account)).status, 204)
  const carried = answeredBy(swift.port)
  // As a Swift that was started again with another key for the user.
  window.reply(async (request) =>
    request.target.startsWith('/auth/') || request.header('x-auth-token').length > 0
      ? { status: 401, headers: [['Www-Authenticate', 'Swift realm="unknown"']] }
      : carried(request),
  )
  for (const method of ['GET', 'HEAD', 'GET']) {
    const answer = await owner(method, account)
    t.equal(answer.status, 401)
    t.strictSame(answer.header('www-authenticate'), ['Swift realm="AUTH_again"'])
  }
  const before = logins(window)
  t.equal((await owner('PUT', `${account}/c`)).status, 401)
  t.equal(logins(window), before, 'a refused key is not tried again')
  window.reply(carried)
  t.equal((await owner('GET', account)).status, 401, 'until somebody logs in')
  await logIn('again:owner')
  t.equal((await owner('HEAD', account)).status, 204)
})

t.test('a Swift that breaks off is 502 and never 401, and is found again', async (t) => {
  const { owner, anonymous, window } = await begin(t)
  t.equal((await owner('PUT', `${account}/box`)).status, 202)
  await owner('PUT', `${account}/open`, { 'X-Container-Read': '.r:*' })
  window.reply(() => ({ raw: '' }))
  for (const [method, body] of [
    ['GET', ''],
    ['HEAD', ''],
    ['PUT', 'a body'],
  ] as const) {
    const answer = await owner(method, `${account}/box/thing`, {}, body)
    t.equal(answer.status, 502, method)
    isOfSwift(t, answer)
  }
  isUnavailable(t, await anonymous('GET', `${account}/open/thing`))
  isUnavailable(
    t,
    await anonymous('GET', '/auth/v1.0', { 'X-Auth-User': 'again:owner', 'X-Auth-Key': 'owning' }),
  )
  window.reply(answeredBy(swift.port))
  t.equal((await owner('GET', `${account}/box`)).status, 204)
  t.equal((await anonymous('GET', `${account}/open/thing`)).status, 404)
})

t.test('where no Swift listens, a login is 503, and a token unknown is 401 all the same', async (t) => {
  const gateway = await startSwiftGateway(t, { swiftUrl: `http://127.0.0.1:${await freePort()}` })
  const anonymous = await callerOf(gateway.way)
  isUnavailable(
    t,
    await anonymous('GET', '/auth/v1.0', { 'X-Auth-User': 'again:owner', 'X-Auth-Key': 'owning' }),
  )
  isUnavailable(t, await anonymous('GET', account))
  t.equal((await anonymous('GET', '/info')).status, 502)
  t.equal((await anonymous('GET', account, { 'X-Auth-Token': 'AUTH_tkbogus' })).status, 401)
})

interface Beginning {
  readonly owner: Caller
  readonly anonymous: Caller
  readonly window: RecordingUpstream
  readonly logIn: Awaited<ReturnType<typeof startSwiftGateway>>['logIn']
}

async function begin(t: Test): Promise<Beginning> {
  const window = await openWindow(t, swift.port)
  const { way, logIn } = await startSwiftGateway(t, { swiftUrl: window.url })
  const [owner, anonymous] = [await callerOf(way, 'again:owner'), await callerOf(way)]
  return { owner, anonymous, window, logIn }
}

function logins({ requests }: RecordingUpstream): number {
  return requests.filter(({ target }) => target === '/auth/v1.0').length
}

function isUnavailable(t: Test, answer: RawAnswer): void {
  t.equal(answer.status, 503)
  t.equal(answer.header('retry-after').length, 1)
  isOfSwift(t, answer)
}

/** What clients of Swift read: a page, and the id that people are asked for. */
function isOfSwift(t: Test, answer: RawAnswer): void {
  t.strictSame(answer.header('content-type'), ['text/html; charset=UTF-8'])
  t.equal(answer.header('x-trans-id').length, 1)
  t.match(answer.body.toString(), /^$|^<html><h1>.*<\/p><\/html>$/)
}
