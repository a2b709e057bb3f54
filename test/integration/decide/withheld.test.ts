/**
 * What another proxy cannot be told is refused: it never sends up more, or something else, than the gateway would have.
 * @module
 */

import t from 'tap'
import { until } from '../../support/until.ts'
import { doorNames, headerOf, startAsking } from './asking.ts'

const anyone = { authorize: { public: true } } as const

t.test('a header that must not go up, and that the proxy does not remove', async (t) => {
  const { ask } = await startAsking(t, { routes: [{ match: { path: '/x' }, ...anyone }] })
  for (const [name, value] of [
    ['X-Container-Write', 'evil:*'],
    ['X-Remove-Container-Write', 'x'],
    ['Remote-User', 'root'],
    ['X-Forwarded-User', 'root'],
    ['X-Sallyport-Access', 'owner'],
    ['X-Api-Key', 'k'],
  ] as const) {
    for (const door of doorNames) {
      const answer = await ask(door, { headers: [[name, value]] })
      if (door === 'envoy') {
        t.equal(answer.status, 200, name)
        t.equal(headerOf(answer, 'x-envoy-auth-headers-to-remove'), name.toLowerCase())
      } else {
        t.equal(answer.status, 501, `${door} ${name}`)
        t.match(answer.body.toString(), '"code":"undecidable"')
      }
    }
  }
})

t.test('a header that is to go up, and that the proxy does not copy', async (t) => {
  const { ask, gateway } = await startAsking(t, {
    routes: [{ match: { path: '/x' }, identityHeaders: { 'x-who': 'subject' } }],
  })
  const { text } = await gateway.issue()
  for (const door of doorNames) {
    const answer = await ask(door, { headers: [['Authorization', `Bearer ${text}`]] })
    t.equal(answer.status, 501, door)
    t.match(gateway.log.at(-1), { code: 'undecidable', reason: /x-who/ })
  }
})

t.test('a copied header that stands twice', async (t) => {
  const { ask, gateway } = await startAsking(t, { routes: [{ match: { path: '/x' } }] })
  const { text } = await gateway.issue({ access: 'owner' })
  const twice = [
    ['Authorization', `Bearer ${text}`],
    ['X-Container-Read', '.r:*'],
    ['X-Container-Read', 'other'],
  ] as const
  for (const door of doorNames) t.equal((await ask(door, { headers: twice })).status, 501, door)
})

t.test('a credential in the query, which the proxy would send up', async (t) => {
  const { ask, gateway } = await startAsking(t, {
    routes: [{ match: { path: '/x' }, credentials: [{ query: 'token' }] }],
  })
  const { text } = await gateway.issue()
  for (const door of doorNames) t.equal((await ask(door, { path: `/x?token=${text}` })).status, 501, door)
})

t.test('a decision by something in the body', async (t) => {
  const { ask, gateway } = await startAsking(t, {
    routes: [
      {
        match: { path: '/x' },
        facts: { project: { body: '/project' } },
        authorize: { bindings: { project: '{project}' } },
      },
    ],
  })
  const { text } = await gateway.issue({ bindings: { project: ['one'] } })
  for (const door of doorNames) {
    const answer = await ask(door, {
      method: 'POST',
      headers: [
        ['Authorization', `Bearer ${text}`],
        ['Content-Type', 'application/json'],
      ],
    })
    t.equal(answer.status, 501, door)
  }
})

t.test('CONNECT, and a method that no route takes', async (t) => {
  const { ask } = await startAsking(t, {
    routes: [{ match: { path: '/x', methods: ['GET'] }, ...anyone }],
  })
  for (const door of ['nginx', 'traefik', 'caddy'] as const) {
    t.equal((await ask(door, { method: 'CONNECT' })).status, 501, door)
    t.not((await ask(door, { method: 'DELETE' })).status, 200, door)
  }
})

t.test('a token that was revoked', async (t) => {
  const { ask, gateway } = await startAsking(t, { routes: [{ match: { path: '/x' } }] })
  const { text, token } = await gateway.issue()
  const held = { headers: [['Authorization', `Bearer ${text}`]] } as const
  for (const door of doorNames) t.equal((await ask(door, held)).status, 200, door)
  await gateway.store.revokeToken(token.id, { at: Date.now(), by: 'root', origin: 'test', cause: '' })
  await until(async () => (await ask('nginx', held)).status === 401)
  for (const door of doorNames) t.equal((await ask(door, held)).status, 401, door)
})
