/**
 * Other proxies are told the assertion as they are told identity headers: proof reaches the upstream whichever way the
 * request goes, and a client's own reaches it by none.
 * @module
 */

import t from 'tap'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { doorNames, headerOf, secret, startAsking } from '../decide/asking.ts'
import { header, issuer, keysPath, verifyAt } from './verifier.ts'

const routes = [
  { name: 'api', match: { path: '/x' }, assertion: {} },
  { name: 'open', match: { path: '/open' }, authorize: { public: true } },
]
const copies = ['authorization', 'x-sallyport-*']
const decision = { proxies: [{ name: 'edge', secrets: [secret], copies }] }

t.test('whatever the proxy, it is told the assertion that would have gone up', async (t) => {
  const { gateway, ask } = await startAsking(t, { routes, decision, assertion: { issuer, keysPath } })
  const issued = await gateway.issue()
  const forged: HeaderLine = [header, 'forged']
  const headers: HeaderLine[] = [['Authorization', `Bearer ${issued.text}`], forged]
  for (const door of doorNames) {
    const answer = await ask(door, { path: '/x', headers })
    t.equal(answer.status, 200, door)
    const text = headerOf(answer, header) ?? ''
    t.match(await verifyAt(gateway.port, text), { token_id: issued.token.id, route: 'api' }, door)
    const open = await ask(door, { path: '/open', headers: [forged] })
    t.equal(open.status, 200, door)
    t.equal(headerOf(open, header), undefined, door)
  }
})

t.test('a proxy that would leave the client’s own in its place is told nothing', async (t) => {
  const { gateway, ask } = await startAsking(t, { routes, assertion: { issuer, keysPath } })
  const { text } = await gateway.issue()
  const answer = await ask('nginx', { path: '/x', headers: [['Authorization', `Bearer ${text}`]] })
  t.not(answer.status, 200)
  t.equal(headerOf(answer, header), undefined)
})
