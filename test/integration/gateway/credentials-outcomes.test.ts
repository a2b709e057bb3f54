/**
 * What becomes of good and bad credentials: exact answers for clients, the difference for the log alone, and
 * nothing of a refused request for the upstream.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { IssueRequest } from '../../../src/tokens/life/issue-token.ts'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import { type IssuedToken, startTestGateway } from '../../support/gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import {
  type ExpectedRefusal,
  eventually,
  isRefused,
  lineOf,
  requestLines,
  seenByClient,
} from './refusal-checks.ts'

interface Scheme {
  readonly name: 'bearer' | 'api-key' | 'dsn'
  readonly kind: 'personal' | 'build' | 'dsn'
  readonly authorization: (text: string) => string
  readonly required: string
  readonly invalid: string
  readonly lacksScope: string
}

const schemes: readonly Scheme[] = [
  {
    name: 'bearer',
    kind: 'personal',
    authorization: (text) => `Bearer ${text}`,
    required: 'Bearer realm="sallyport"',
    invalid: 'Bearer realm="sallyport", error="invalid_token"',
    lacksScope: 'Bearer realm="sallyport", error="insufficient_scope", scope="event:write"',
  },
  {
    name: 'api-key',
    kind: 'build',
    authorization: (text) => `Api-Key ${text}`,
    required: 'Api-Key realm="sallyport"',
    invalid: 'Api-Key realm="sallyport"',
    lacksScope: 'Api-Key realm="sallyport"',
  },
  {
    name: 'dsn',
    kind: 'dsn',
    authorization: (text) => `DSN https://${text}@sentry.example/42`,
    required: 'DSN realm="sallyport"',
    invalid: 'DSN realm="sallyport"',
    lacksScope: 'DSN realm="sallyport"',
  },
]
const required = { status: 401, code: 'credential_required', title: 'This resource needs a credential.' }
const invalid = { status: 401, code: 'invalid_token', title: 'The credential is not valid.' }
const wrongNetwork: ExpectedRefusal = {
  status: 403,
  code: 'network_not_allowed',
  title: 'The token may not be used from this network.',
}
const wrongBinding: ExpectedRefusal = {
  status: 403,
  code: 'binding_mismatch',
  title: 'The token is not bound to this resource.',
}
const wrongScope = {
  status: 403,
  code: 'insufficient_scope',
  title: 'The token lacks a scope that this resource needs.',
}

for (const scheme of schemes) {
  t.test(`${scheme.name}: a good token is let through, without the credential`, async (t) => {
    const { gateway, upstream, issue, send } = await start(t, scheme)
    const { text, token } = await issue()
    const answer = await send(text)
    t.equal(answer.status, 200)
    t.equal(answer.body.toString(), 'ok')
    const [received] = upstream.requests
    t.equal(received?.target, '/api/42/store')
    t.equal(received?.body.toString(), 'event')
    t.strictSame(received?.header('x-sallyport-token-id'), [token.id])
    t.notMatch(JSON.stringify(received?.headers), text)
    t.match(await eventually(() => requestLines(gateway)[0]), {
      outcome: 'forwarded',
      status: 200,
      scheme: scheme.name,
      tokenId: token.id,
      subject: 'alice',
    })
    t.notMatch(JSON.stringify(gateway.log), text)
  })

  t.test(`${scheme.name}: no, unknown, expired and revoked credentials are refused alike`, async (t) => {
    const { gateway, upstream, clock, issue, send } = await start(t, scheme)
    const none = await gateway.request({ method: 'POST', path: '/api/42/store', body: 'event' })
    isRefused(t, none, { ...required, challenge: scheme.required }, 'none')

    const revoked = await issue()
    await gateway.store.revokeToken(revoked.token.id, {
      at: clock.at,
      by: 'test',
      origin: 'test',
      cause: 'leaked',
    })
    const expired = await issue({ lifetimeMs: 60_000 })
    clock.at += 60_000
    const unknown = newTokenText(scheme.kind).reveal()
    const answers = {
      unknown: await send(unknown),
      misspelt: await send(`${unknown.slice(0, -1)}_`),
      expired: await send(expired.text),
      revoked: await send(revoked.text),
    }
    for (const [name, answer] of Object.entries(answers)) {
      isRefused(t, answer, { ...invalid, challenge: scheme.invalid }, name)
      t.equal(seenByClient(answer), seenByClient(answers.unknown), `${name}: as an unknown one`)
    }
    t.match((await lineOf(gateway, answers.unknown)).reason, /^unknown token$/)
    t.match((await lineOf(gateway, answers.misspelt)).reason, /^not the text of a token$/)
    t.match((await lineOf(gateway, answers.expired)).reason, `token ${expired.token.id} is expired`)
    t.match((await lineOf(gateway, answers.revoked)).reason, `token ${revoked.token.id} is revoked`)
    t.strictSame(upstream.requests, [], 'the upstream heard of none')
  })

  t.test(`${scheme.name}: a token expires at its very millisecond, known from before or not`, async (t) => {
    const { clock, issue, send, upstream } = await start(t, scheme)
    const { text } = await issue({ lifetimeMs: 1_000 })
    clock.at += 999
    t.equal((await send(text)).status, 200)
    clock.at += 1
    const late = await send(text)
    isRefused(t, late, { ...invalid, challenge: scheme.invalid }, 'a millisecond later')
    t.equal(upstream.requests.length, 1)
  })

  t.test(`${scheme.name}: a token in use is refused within a second of its revocation`, async (t) => {
    const { gateway, clock, issue, send, upstream } = await start(t, scheme)
    const { text, token } = await issue()
    t.equal((await send(text)).status, 200)
    await gateway.store.revokeToken(token.id, { at: clock.at, by: 'test', origin: 'test', cause: 'leaked' })
    await sleep(1_000)
    const before = upstream.requests.length
    isRefused(t, await send(text), { ...invalid, challenge: scheme.invalid }, 'a second later')
    t.equal(upstream.requests.length, before)
  })

  t.test(
    `${scheme.name}: a good token of elsewhere is refused by the first rule that it breaks`,
    async (t) => {
      const { gateway, upstream, issue, send } = await start(t, scheme)
      const cases: readonly (readonly [string, IssuedToken, ExpectedRefusal])[] = [
        ['network', await issue({ networks: ['10.0.0.0/8', '::1/128'] }), wrongNetwork],
        ['no network', await issue({ networks: [] }), wrongNetwork],
        ['scope', await issue({ scopes: ['event:read'] }), { ...wrongScope, challenge: scheme.lacksScope }],
        ['no scope', await issue({ scopes: [] }), { ...wrongScope, challenge: scheme.lacksScope }],
        ...(scheme.name === 'dsn'
          ? []
          : [['binding', await issue({ bindings: { project: ['7', '420'] } }), wrongBinding] as const]),
        ['further binding', await issue({ bindings: { project: ['42'], team: ['a'] } }), wrongBinding],
      ]
      for (const [name, { text, token }, expected] of cases) {
        const answer = await send(text)
        isRefused(t, answer, expected, name)
        t.match(await lineOf(gateway, answer), {
          outcome: expected.code,
          tokenId: token.id,
          subject: 'alice',
          owner: 'policy',
          route: 'events',
        })
      }
      t.strictSame(upstream.requests, [])
      t.equal(
        await gateway.metric(
          'http_server_request_duration_seconds_count{route="events",method="POST",status_class="4xx"}',
        ),
        cases.length,
      )
    },
  )
}

async function start(t: Test, scheme: Scheme) {
  const clock = { at: Date.UTC(2026, 0, 1), now: () => clock.at }
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(
    t,
    {
      upstream: upstream.url,
      routes: [
        {
          name: 'events',
          match: { path: '/api/{project}/store' },
          credentials: [scheme.name],
          authorize: {
            kinds: [scheme.kind],
            bindings: { project: '{project}' },
            scopes: { allOf: ['event:write'] },
          },
        },
      ],
    },
    clock,
  )
  return {
    gateway,
    upstream,
    clock,
    issue: (asked: Partial<IssueRequest> = {}) =>
      gateway.issue({
        kind: scheme.kind,
        scopes: ['event:write'],
        bindings: { project: ['42'] },
        ...asked,
      }),
    send: (text: string) =>
      gateway.request({
        method: 'POST',
        path: '/api/42/store',
        headers: [['Authorization', scheme.authorization(text)]],
        body: 'event',
      }),
  }
}
