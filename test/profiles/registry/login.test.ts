/**
 * The token endpoint: who gets a registry token, what it says, and in which words everybody else is refused.
 * @module
 */

import t, { type Test } from 'tap'
import type { IssueRequest } from '../../../src/tokens/life/issue-token.ts'
import type { RawAnswer } from '../../support/raw-request.ts'
import { until } from '../../support/until.ts'
import { allowed, basic, claimsOf, openScene, publicUrl, type RegistryScene, tokenIn } from './scene.ts'

const denied = (help: string) =>
  `{"errors":[{"code":"UNAUTHORIZED","message":"HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or you're required to use a token instead of a password. If a token was provided, it was either incorrect, expired, or improperly scoped. See ${help}"}]}`
const accessDenied = denied(`${publicUrl}/help`)
const accessForbidden = '{"message":"access forbidden","status":"error","http_status":403}'
const hour = 3_600_000
const both = ['read_registry', 'write_registry']
const deploy = { ...allowed, kind: 'deploy', subject: 'gitlab+deploy-token-7' } as const

function isDenied(t: Test, answer: RawAnswer): void {
  t.equal(answer.status, 401)
  t.equal(answer.body.toString(), accessDenied)
  t.strictSame(answer.header('www-authenticate'), ['Basic realm="dependency_proxy"'])
}

function isForbidden(t: Test, answer: RawAnswer): void {
  t.equal(answer.status, 403)
  t.equal(answer.body.toString(), accessForbidden)
  t.strictSame(answer.header('www-authenticate'), [])
}

async function answerFor({ gateway, logIn }: RegistryScene, asked: Partial<IssueRequest>, user?: string) {
  const { text, token } = await gateway.issue(asked)
  return logIn({ user: user ?? token.subject.name, password: text })
}

t.test('L4 a personal token with the scope api logs in under any user name, even none', async (t) => {
  const scene = await openScene(t)
  for (const user of ['alice', 'somebody', '', 'with:colon'.split(':')[0]]) {
    const answer = await answerFor(scene, { ...allowed, scopes: ['api'] }, user)
    t.equal(answer.status, 200)
    t.strictSame(answer.header('content-type'), ['application/json; charset=utf-8'])
    t.strictSame(answer.header('cache-control'), ['no-store'])
  }
  t.equal((await answerFor(scene, { ...deploy, scopes: ['api'] })).status, 403, 'api is no deploy token’s')
})

t.test('L5 read_registry and write_registry together are enough', async (t) => {
  t.equal((await answerFor(await openScene(t), { ...allowed, scopes: both })).status, 200)
})

t.test('L6, L7 read_registry alone, or another scope, is 403', async (t) => {
  const scene = await openScene(t)
  for (const scopes of [['read_registry'], ['write_registry'], ['read_user'], ['read_api'], []]) {
    isForbidden(t, await answerFor(scene, { ...allowed, scopes }))
  }
})

t.test('with any-of, each scope is good for what it says', async (t) => {
  const { enter, gateway, logIn } = await openScene(t, { profile: { scopes: 'any-of' } })
  const asked = ['repository:acme/app:pull,push,delete']
  const reader = await enter({ ...allowed, scopes: ['read_registry'] }, asked)
  t.match(claimsOf(reader.jwt), { access: [{ name: 'acme/app', actions: ['pull'] }] })
  const writer = await enter({ ...allowed, scopes: ['write_registry'] }, asked)
  t.match(claimsOf(writer.jwt), { access: [{ name: 'acme/app', actions: ['push', 'delete'] }] })
  const { text } = await gateway.issue({ ...allowed, scopes: ['read_user'] })
  isForbidden(t, await logIn({ password: text, scopes: asked }))
})

t.test('L8 a group token without what is needed is 403', async (t) => {
  const scene = await openScene(t)
  isForbidden(t, await answerFor(scene, { ...allowed, kind: 'group', scopes: ['read_registry'] }))
  isForbidden(t, await answerFor(scene, { ...allowed, kind: 'group', access: 'none' }))
  t.equal((await answerFor(scene, { ...allowed, kind: 'group' })).status, 200)
})

t.test('L9 a group token that was revoked or has expired is 401', async (t) => {
  const clock = { at: Date.UTC(2026, 2, 10), now: () => clock.at }
  const { gateway, logIn, revoke } = await openScene(t, { clock })
  const revoked = await gateway.issue({ ...allowed, kind: 'group' })
  await revoke(revoked.token.id)
  isDenied(t, await logIn({ password: revoked.text }))
  const { text } = await gateway.issue({ ...allowed, kind: 'group', lifetimeMs: hour })
  clock.at += hour - 1
  t.equal((await logIn({ password: text })).status, 200)
  clock.at += 1
  isDenied(t, await logIn({ password: text }))
})

t.test('L10, L11 a group’s deploy token logs in under its own user name alone', async (t) => {
  const scene = await openScene(t)
  t.equal((await answerFor(scene, deploy)).status, 200)
  for (const user of ['gitlab+deploy-token-8', 'Gitlab+deploy-token-7', 'gitlab+deploy-token-7 ', '']) {
    isDenied(t, await answerFor(scene, deploy, user))
  }
})

t.test('L12, L13 a deploy token with one scope, or of a project, is 403', async (t) => {
  const scene = await openScene(t)
  isForbidden(t, await answerFor(scene, { ...deploy, scopes: ['read_registry'] }))
  isForbidden(t, await answerFor(scene, { ...deploy, bindings: { project: ['acme/app'] } }))
  isForbidden(t, await answerFor(scene, { ...deploy, bindings: { project: ['acme/app'], group: ['acme'] } }))
  isForbidden(t, await answerFor(scene, { ...deploy, bindings: {} }))
})

t.test('L14 a revoked deploy token is 401', async (t) => {
  const { gateway, logIn, revoke } = await openScene(t)
  const { text, token } = await gateway.issue(deploy)
  await revoke(token.id)
  isDenied(t, await logIn({ user: token.subject.name, password: text }))
})

t.test('L15 a password is no token, and neither is anything else that was made up', async (t) => {
  const { logIn, gateway } = await openScene(t)
  const { text } = await gateway.issue(allowed)
  for (const password of ['hunter2', '', text.slice(0, -1), `${text}x`, text.toUpperCase(), 'é']) {
    isDenied(t, await logIn({ user: 'alice', password }))
  }
  for (const value of ['Basic !!!', `Basic ${Buffer.from('no colon').toString('base64')}`]) {
    isDenied(t, await logIn({ headers: [['Authorization', value]] }))
  }
  isDenied(t, await logIn({ headers: [basic(text, '')] }))
})

t.test('L16 a build token is good for its project while it lives', async (t) => {
  const clock = { at: Date.UTC(2026, 2, 10), now: () => clock.at }
  const { gateway, logIn } = await openScene(t, { clock })
  const build = { ...allowed, kind: 'build', bindings: { project: ['acme/app'] }, lifetimeMs: hour } as const
  const { text } = await gateway.issue(build)
  const login = {
    user: 'gitlab-ci-token',
    password: text,
    scopes: ['repository:acme/app:pull', 'repository:acme/b:pull'],
  }
  const { access } = claimsOf(tokenIn(await logIn(login)))
  t.same(access, [{ type: 'repository', name: 'acme/app', actions: ['pull'] }])
  clock.at += hour
  isDenied(t, await logIn(login))
})

t.test('L17 whoever does not log in is 403', async (t) => {
  const { logIn, ask, enter } = await openScene(t)
  isForbidden(t, await logIn({}))
  isForbidden(t, await logIn({ headers: [['Authorization', 'Basic']] }))
  const { bearer } = await enter(allowed)
  isForbidden(t, await ask('/jwt/auth?service=dependency_proxy', [bearer]))
})

t.test('L18, L19 another service, none or two, and every other method, is an empty 404', async (t) => {
  const { logIn, gateway } = await openScene(t)
  const { text: password } = await gateway.issue(allowed)
  const service = '?service=dependency_proxy'
  const queries = ['?service=unknown', '', '?service=', `${service}&service=x`, '?Service=dependency_proxy']
  for (const query of queries) {
    for (const login of [{ password, query }, { query }]) {
      const answer = await logIn(login)
      t.equal(answer.status, 404, query)
      t.equal(answer.body.length, 0, query)
    }
  }
  for (const method of ['POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
    const answer = await logIn({ password, method })
    t.equal(answer.status, 404, method)
    t.equal(answer.body.length, 0, method)
  }
  t.equal((await logIn({ password, query: service })).status, 200)
})

t.test('L20 where the profile is switched off nobody gets a registry token', async (t) => {
  const { logIn, gateway } = await openScene(t, { profile: { enabled: false } })
  const { text } = await gateway.issue(allowed)
  const answer = await logIn({ password: text })
  t.equal(answer.status, 404)
  t.equal(
    answer.body.toString(),
    '{"message":"dependency proxy not enabled","status":"error","http_status":404}',
  )
})

t.test('L26 a token that expires today is over when the day begins', async (t) => {
  const today = Date.UTC(2026, 2, 10)
  const clock = { at: today - 2 * hour, now: () => clock.at }
  const { gateway, logIn } = await openScene(t, { clock })
  const { text } = await gateway.issue({ ...allowed, lifetimeMs: 2 * hour })
  const tomorrow = await gateway.issue({ ...allowed, lifetimeMs: 26 * hour })
  clock.at = today
  isDenied(t, await logIn({ password: text }))
  t.equal((await logIn({ password: tomorrow.text })).status, 200)
})

t.test('a registry token says whose it is by the id, and never holds the text', async (t) => {
  const at = Date.UTC(2026, 2, 10, 9, 30)
  const { gateway, logIn } = await openScene(t, { clock: { now: () => at } })
  const { text, token } = await gateway.issue(allowed)
  const scopes = ['repository:acme/app:pull,push repository:acme/b:pull', 'repository:other/x:pull']
  const answer = await logIn({ password: text, scopes })
  const { token: jwt, ...rest } = JSON.parse(answer.body.toString())
  t.same(rest, { access_token: jwt, expires_in: 300, issued_at: '2026-03-10T09:30:00.000Z' })
  const { jti, ...claims } = claimsOf(jwt)
  t.type(jti, 'string')
  t.same(claims, {
    iss: 'sallyport',
    aud: 'dependency_proxy',
    sub: token.id,
    iat: at / 1000,
    nbf: at / 1000,
    exp: at / 1000 + 300,
    access: [
      { type: 'repository', name: 'acme/app', actions: ['pull', 'push'] },
      { type: 'repository', name: 'acme/b', actions: ['pull'] },
    ],
  })
  const decoded = jwt.split('.').map((part: string) => Buffer.from(part, 'base64url').toString('latin1'))
  t.notOk(decoded.join('').includes(text.slice(4, 20)))
  const logged = JSON.stringify(gateway.log)
  t.notOk(logged.includes(text) || logged.includes(jwt.split('.')[2]), 'neither is logged')
  t.ok(logged.includes(token.id), 'whose login it was is')
})

t.test('what was asked for is cut to what the token may; nothing of it is 403', async (t) => {
  const { enter, gateway, logIn } = await openScene(t)
  const { jwt } = await enter({ ...allowed, access: 'read-only' }, [
    'repository:acme/app:pull,push,delete,*',
    'registry:catalog:*',
    'repository:acme/app:pull',
  ])
  t.same(claimsOf(jwt).access, [{ type: 'repository', name: 'acme/app', actions: ['pull'] }])
  const { text } = await gateway.issue({ ...allowed, access: 'read-only' })
  for (const scope of ['repository:acme/app:push', 'repository:acmes/app:pull', 'repository:acme:pull']) {
    isForbidden(t, await logIn({ password: text, scopes: [scope] }))
  }
  const bad = await logIn({ password: text, scopes: ['repository:acme/../x:pull'] })
  t.equal(bad.status, 400)
  t.match(bad.body.toString(), /"UNSUPPORTED"/)
})

t.test('a registry token never outlives its token', async (t) => {
  const at = Date.UTC(2026, 2, 10)
  const { enter } = await openScene(t, { clock: { now: () => at } })
  const { jwt } = await enter({ ...allowed, lifetimeMs: 90_000 })
  t.equal(claimsOf(jwt).exp, at / 1000 + 90)
})

t.test('kinds and networks count at the login already', async (t) => {
  const scene = await openScene(t, { route: { authorize: { kinds: ['personal'] } } })
  isForbidden(t, await answerFor(scene, { ...allowed, kind: 'group' }))
  isForbidden(t, await answerFor(scene, { ...allowed, networks: ['192.0.2.0/24'] }))
  t.equal((await answerFor(scene, { ...allowed, networks: ['127.0.0.0/8'] })).status, 200)
})

t.test('failed logins are held against their address, on every path', async (t) => {
  const { logIn, gateway, ask } = await openScene(t, { authentication: { failures: { attempts: 3 } } })
  const { text } = await gateway.issue(deploy)
  isDenied(t, await logIn({ path: '/token', password: 'guess' }))
  isDenied(t, await logIn({ user: 'gitlab+deploy-token-8', password: text }))
  t.equal((await ask('/v2/', [['Authorization', 'Bearer a.b.c']])).status, 401)
  isDenied(t, await logIn({ password: 'of the trickle' }))
  const late = await logIn({ password: 'another guess' })
  t.equal(late.status, 429)
  t.match(late.body.toString(), /"TOOMANYREQUESTS"/)
  t.equal(late.header('retry-after').length, 1)
  t.equal((await ask('/v2/', [['Authorization', 'Bearer a.b.d']])).status, 429)
})

t.test('a registry token that has expired, or whose token was revoked, is no failure', async (t) => {
  const clock = { at: Date.UTC(2026, 2, 10), now: () => clock.at }
  const failures = { attempts: 1, trickle: '10s' }
  const scene = await openScene(t, { clock, authentication: { failures } })
  const { ask, enter, logIn, revoke } = scene
  const expired = await enter(allowed)
  clock.at += 2 * hour
  const revoked = await enter(allowed)
  await revoke(revoked.token.id)
  for (const { bearer } of [expired, expired, expired]) t.equal((await ask('/v2/', [bearer])).status, 401)
  await until(async () => (await ask('/v2/', [revoked.bearer])).status === 401)
  isDenied(t, await logIn({ password: 'the first' }))
})

t.test('two logins are one too many', async (t) => {
  const { logIn, gateway } = await openScene(t)
  const { text } = await gateway.issue(allowed)
  const answer = await logIn({ headers: [basic('a', text), basic('a', text)] })
  t.equal(answer.status, 400)
})

t.test('a help page of one’s own stands in the refusal', async (t) => {
  const helpUrl = 'https://help.example.org/tokens?for=registry'
  const { logIn } = await openScene(t, { profile: { helpUrl } })
  t.equal((await logIn({ password: 'x' })).body.toString(), denied(helpUrl))
})
