/**
 * A token of an organization stays in it, and one that is bound further stays there.
 * @module
 */

import t from 'tap'
import { isRefused, isSeenAs } from './checks.ts'
import { activeLegacyKey, sentryTokens } from './credentials.ts'
import { basic, bearer, startScene } from './scene.ts'

const scene = await startScene(t)
const other = 'Unauthorized organization access.'
const limited = 'This token access is limited to organization endpoints.'
const ways = [
  ['a token', bearer(sentryTokens.acme), 'acme'],
  ['a token of an organization', bearer(sentryTokens.organization), 'organization'],
  ['a legacy key', basic(`${activeLegacyKey.key}:`), 'legacy key'],
] as const

t.test('E27 on the paths of its organization it is accepted, on those of another it is not', async (t) => {
  for (const [name, credential, as] of ways) {
    for (const place of [
      'organizations/ORG/',
      'organizations/ORG',
      'organizations/ORG/issues/',
      'projects/ORG/backend/',
      'teams/ORG/core/',
    ]) {
      const path = `/api/0/${place}`
      await isSeenAs(t, () => scene.send(path.replace('ORG', 'acme'), credential), as, `${name} ${place}`)
      for (const organization of ['other', 'ACME', 'acme2', 'acm', '%2a', 'acm%65e']) {
        const there = path.replace('ORG', organization)
        await isRefused(t, scene, () => scene.send(there, credential), other, `${name} ${there}`)
      }
    }
  }
})

t.test('E27 no spelling of a path leaves the organization', async (t) => {
  const encoded = await scene.send('/api/0/organizations/%61cme/', bearer(sentryTokens.acme))
  t.equal(encoded.status, 200)
  t.equal(scene.sentry.last().target, '/api/0/organizations/acme/', 'what was decided on is what goes up')
  const before = scene.sentry.requests.length
  for (const path of [
    '/api/0/organizations/acme/../other/',
    '/api/0/organizations/acme/%2e%2e/other/',
    '/api/0/organizations//other/',
    '/api/0//organizations/other/',
    '/api/0/organizations/acme%2fissues/',
    '/api/0/organizations/acme;other/',
    '/api/0/organizations/acme\\other/',
    '/api/0/organizations/acme%00/',
  ]) {
    t.equal((await scene.send(path, bearer(sentryTokens.acme))).status, 400, path)
  }
  t.equal(scene.sentry.requests.length, before)
})

t.test('E28 everywhere else it is told that it is limited, but for the list of organizations', async (t) => {
  for (const [name, credential, as] of ways) {
    for (const path of [
      '/api/0/projects/',
      '/api/0/projects/acme/',
      '/api/0/',
      '/api/0',
      '/api/0/users/me/',
      '/api/0/teams/acme/',
      '/api/0/Organizations/acme/',
    ]) {
      await isRefused(t, scene, () => scene.send(path, credential), limited, `${name} ${path}`)
    }
    for (const path of ['/api/0/organizations/', '/api/0/organizations']) {
      await isSeenAs(t, () => scene.send(path, credential), as, `${name} ${path}`)
    }
  }
})

t.test("a token of the gateway's that is bound does not list what its stand-in at Sentry sees", async (t) => {
  const { text } = await scene.issue({ bindings: { organization: ['acme'] } })
  await isSeenAs(t, () => scene.send('/api/0/organizations/acme/', bearer(text)), 'shared')
  for (const path of ['/api/0/organizations/', '/api/0/organizations', '/api/0/organizations/?query=x']) {
    await isRefused(t, scene, () => scene.send(path, bearer(text)), limited, path)
  }
})

t.test('a token of an organization that nobody bound to one is told that it has none', async (t) => {
  const send = (path: string) => () => scene.send(path, bearer(sentryTokens.unbound))
  for (const path of ['/api/0/organizations/', '/api/0/organizations/acme/', '/api/0/users/me/']) {
    await isRefused(t, scene, send(path), 'Cannot resolve organization from token.', path)
  }
})

t.test('a token without a binding is for Sentry to decide about', async (t) => {
  for (const path of ['/api/0/organizations/other/', '/api/0/projects/', '/api/0/users/me/']) {
    await isSeenAs(t, () => scene.send(path, bearer(sentryTokens.user)), 'user', path)
  }
})

t.test('bindings to a project and a team hold where the path names them, and nowhere else', async (t) => {
  const tokens = {
    project: await scene.issue({ bindings: { organization: ['acme'], project: ['backend'] } }),
    team: await scene.issue({ bindings: { organization: ['acme'], team: ['core'] } }),
    strange: await scene.issue({ bindings: { account: ['acme'] } }),
    narrow: await scene.issue({ paths: ['/api/0/organizations/acme/issues'] }),
    all: await scene.issue({ bindings: { organization: ['*'], project: ['*'] } }),
  }
  const expected: readonly (readonly [keyof typeof tokens, string, number])[] = [
    ['project', '/api/0/projects/acme/backend/', 200],
    ['project', '/api/0/projects/acme/frontend/', 403],
    ['project', '/api/0/projects/other/backend/', 401],
    ['project', '/api/0/organizations/acme/issues/', 403],
    ['project', '/api/0/teams/acme/backend/', 403],
    ['team', '/api/0/teams/acme/core/', 200],
    ['team', '/api/0/teams/acme/other/', 403],
    ['team', '/api/0/projects/acme/core/', 403],
    ['strange', '/api/0/organizations/acme/', 403],
    ['narrow', '/api/0/organizations/acme/issues/', 200],
    ['narrow', '/api/0/organizations/acme/', 403],
    ['all', '/api/0/projects/any/thing/', 200],
  ]
  for (const [name, path, status] of expected) {
    const before = scene.sentry.requests.length
    t.equal((await scene.send(path, bearer(tokens[name].text))).status, status, `${name} ${path}`)
    t.equal(scene.sentry.requests.length - before, status === 200 ? 1 : 0)
  }
})
