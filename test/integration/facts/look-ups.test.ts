/**
 * What a path does not say is asked of the upstream before the rules about the resource are judged: once for many
 * requests, for nobody who may not come here at all, and never so that silence would pass for an answer.
 * @module
 */

import t, { type Test } from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { type RecordedRequest, type Reply, recordingUpstream } from '../../support/recording-upstream.ts'

const builds: Readonly<Record<string, string>> = { '1': 'pip', '2': 'tox' }
const isQuestion = ({ target }: RecordedRequest) => target.startsWith('/api/builds/')

function answer({ target }: RecordedRequest): Reply {
  const [, id] = /^\/api\/builds\/([^/]*)$/.exec(target) ?? []
  if (id === undefined) return { body: 'ok' }
  const slug = builds[id]
  return slug === undefined
    ? { status: 404 }
    : { body: JSON.stringify({ id: Number(id), project: { slug } }) }
}

const facts = { project: { request: '/api/builds/{build}', pointer: '/project/slug' } }

async function start(t: Test, replyTo: (request: RecordedRequest) => Reply = answer, more = {}) {
  const upstream = await recordingUpstream(t, replyTo)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [
      {
        match: { path: '/logs/{build}' },
        facts: { project: { ...facts.project, ...more } },
        authorize: { bindings: { project: '{project}' } },
      },
      {
        match: { path: '/cel/{build}' },
        facts,
        authorize: { ignoreBindings: ['project'], condition: 'facts.project in token.bindings.project' },
      },
    ],
  })
  const { text: token } = await gateway.issue({ bindings: { project: ['pip'] } })
  const get = async (path: string, text = token) => {
    const { status } = await gateway.request({ path, headers: [['Authorization', `Bearer ${text}`]] })
    return status
  }
  const questions = () => upstream.requests.filter(isQuestion)
  const forwarded = () => upstream.requests.filter((request) => !isQuestion(request)).length
  return { upstream, gateway, token, get, questions, forwarded }
}

t.test('a binding and a condition go by what the upstream says of the resource', async (t) => {
  const { get, forwarded } = await start(t)
  for (const path of ['/logs', '/cel']) {
    t.equal(await get(`${path}/1`), 200, 'its own project')
    t.equal(await get(`${path}/2`), 403, 'another project')
    t.equal(await get(`${path}/3`), 403, 'a build that does not exist is of no project')
  }
  t.equal(forwarded(), 2, 'nothing but what was let through went up')
})

t.test('a question is asked once for as long as its answer is good', async (t) => {
  const { get, questions } = await start(t)
  t.strictSame(await Promise.all([1, 2, 3, 4].map(() => get('/logs/1'))), [200, 200, 200, 200])
  t.equal(await get('/logs/1'), 200)
  t.equal(questions().length, 1)
})

t.test('an answer is asked for anew when its time is over', async (t) => {
  const { get, questions } = await start(t, answer, { ttl: '1ms' })
  t.equal(await get('/logs/1'), 200)
  await new Promise((resolve) => setTimeout(resolve, 5))
  t.equal(await get('/logs/1'), 200)
  t.equal(questions().length, 2)
})

t.test('nobody is asked on behalf of a token that may not come here, or of none', async (t) => {
  const { gateway, get, questions } = await start(t)
  const { text: elsewhere } = await gateway.issue({ networks: ['192.0.2.0/24'] })
  const { text: deploy } = await gateway.issue({ kind: 'dsn', bindings: { project: ['pip'] } })
  t.equal(await get('/logs/1', elsewhere), 403)
  t.equal(await get('/logs/1', deploy), 401)
  t.equal(await get('/logs/1', 'spp_nobody'), 401)
  t.equal(questions().length, 0)
})

t.test('the question goes with no credential unless the route says which', async (t) => {
  const own = { header: 'X-Service', value: 'Key 7' }
  for (const [credential, authorization, service] of [
    ['none', false, []],
    ['client', true, []],
    [own, false, ['Key 7']],
  ] as const) {
    const { get, questions } = await start(t, answer, { credential })
    t.equal(await get('/logs/1'), 200)
    const [question] = questions()
    t.equal(question?.header('authorization').length, authorization ? 1 : 0)
    t.strictSame(question?.header('x-service'), service)
  }
})

t.test("with the client's credential an answer is for that token alone", async (t) => {
  const { gateway, get, questions } = await start(t, answer, { credential: 'client' })
  const { text: other } = await gateway.issue({ subject: 'bob', bindings: { project: ['pip'] } })
  for (const text of [undefined, other, undefined, other]) t.equal(await get('/logs/1', text), 200)
  t.equal(questions().length, 2)
})

t.test('what the upstream does not say clearly refuses, and is not remembered', async (t) => {
  const unclear: readonly [string, Reply, number][] = [
    ['a failure', { status: 500 }, 503],
    ['a redirect', { status: 302, headers: [['Location', '/api/builds/2']] }, 503],
    ['a challenge', { status: 401 }, 503],
    ['no JSON', { body: 'pip' }, 403],
    ['an object', { body: '{"project":{"slug":{"a":"pip"}}}' }, 403],
    ['a list', { body: '{"project":{"slug":["pip"]}}' }, 403],
    ['a truth', { body: '{"project":{"slug":true}}' }, 403],
    ['an empty text', { body: '{"project":{"slug":""}}' }, 403],
    ['a member of every object', { body: '{"project":{"constructor":"pip"}}' }, 403],
    ['something that is no HTTP', { raw: 'pip\r\n\r\n' }, 503],
  ]
  for (const [what, reply, status] of unclear) {
    const { get, forwarded, upstream } = await start(t, (request) =>
      isQuestion(request) ? reply : { body: 'ok' },
    )
    t.equal(await get('/logs/1'), status, what)
    t.equal(forwarded(), 0, what)
    upstream.reply(answer)
    if (status === 503) t.equal(await get('/logs/1'), 200, `${what}: asked anew`)
  }
})

t.test('an upstream that does not answer the question in time is no yes', async (t) => {
  const { get, forwarded } = await start(
    t,
    (request) => (isQuestion(request) ? (new Promise(() => {}) as unknown as Reply) : { body: 'ok' }),
    { timeout: '50ms' },
  )
  t.equal(await get('/logs/1'), 503)
  t.equal(forwarded(), 0)
})

t.test('a name in the path stays one segment of the question, whatever it holds', async (t) => {
  const { get, questions } = await start(t)
  for (const name of ['1%3Fx', '1%23', 'a%20b', '%C3%A9']) t.equal(await get(`/logs/${name}`), 403, name)
  for (const { target } of questions()) t.match(target, /^\/api\/builds\/[A-Za-z0-9%.]+$/, target)
})

t.test('a header of the answer may say it', async (t) => {
  const upstream = await recordingUpstream(t, (request) =>
    isQuestion(request) ? { headers: [['X-Project', 'pip']] } : { body: 'ok' },
  )
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [
      {
        match: { path: '/logs/{build}' },
        facts: { project: { request: '/api/builds/{build}', header: 'x-project' } },
        authorize: { bindings: { project: '{project}' } },
      },
    ],
  })
  for (const [project, status] of [
    ['pip', 200],
    ['tox', 403],
  ] as const) {
    const { text: token } = await gateway.issue({ bindings: { project: [project] } })
    const answer = await gateway.request({ path: '/logs/1', headers: [['Authorization', `Bearer ${token}`]] })
    t.equal(answer.status, status, project)
  }
})

t.test('an answer that is longer than its bound is none, and one at the bound is', async (t) => {
  const long = (length: number) => ({ body: '{"project":{"slug":"pip"}}'.padEnd(length, ' ') })
  for (const [length, status] of [
    [1024, 200],
    [1025, 503],
  ] as const) {
    const reply = (request: RecordedRequest) => (isQuestion(request) ? long(length) : { body: 'ok' })
    const { get, forwarded } = await start(t, reply, { bytesMax: '1KiB' })
    t.equal(await get('/logs/1'), status, String(length))
    t.equal(forwarded(), status === 200 ? 1 : 0)
  }
})
