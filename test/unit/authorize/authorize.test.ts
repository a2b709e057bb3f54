/**
 * A whole decision: every rule must hold, the order of refusals, the system token beside the rules, and
 * what `mode` and `onRefusal` make of a refusal.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { type AuthorizeContext, authorizePublic, compileAuthorize } from '../../../src/authorize/authorize.ts'
import { conclude, hideRefusal } from '../../../src/authorize/conclude.ts'
import type { Grant } from '../../../src/authorize/grant.ts'
import { httpProfile } from '../../../src/profiles/profile.ts'
import { isRefusal, type Refusal, refuse } from '../../../src/request/refusal.ts'
import { accessLevels, type Token, tokenKinds } from '../../../src/tokens/token.ts'
import { addressOf, authorizeSettings, now, requestOf, token } from './rule-input.ts'

const challenge = 'Bearer realm="r", error="insufficient_scope"'

/** Compile a route's `authorize`, and decide on one token. */
function decide(
  settings: Parameters<typeof authorizeSettings>[0],
  change: Partial<Token> = {},
  report: AuthorizeContext['report'] = (_, message) => {
    throw new Error(message)
  },
): Grant | Refusal {
  const authorize = compileAuthorize(authorizeSettings(settings), {
    parameterNames: ['account'],
    scopeChallenge: challenge,
    clock: { now: () => now },
    profile: httpProfile,
    findFacts: undefined,
    report,
  })
  const resource = { parameters: { account: 'a' }, path: '/v1/a' }
  const verdict = authorize({ ...token, ...change }, requestOf(), resource, addressOf('192.0.2.1'), noBody)
  if (verdict instanceof Promise) throw new Error('nobody was to be asked')
  return verdict
}

const noBody = { peekBody: () => Promise.reject(new Error('nobody was to look at the body')) }

const codeOf = (verdict: Grant | Refusal) => (isRefusal(verdict) ? verdict.code : undefined)

t.test('without settings, only the kinds that stand for people and their jobs pass', async (t) => {
  const passing = tokenKinds.filter((kind) => codeOf(decide({}, { kind })) === undefined)
  t.strictSame(passing, ['personal', 'group', 'deploy', 'build', 'organization'])
  for (const kind of tokenKinds) t.equal(codeOf(decide({ kinds: [] }, { kind })), 'kind_not_allowed', kind)
})

t.test('every rule must hold, and the first that does not is the refusal', async (t) => {
  const settings = {
    networks: ['192.0.2.0/24'],
    bindings: { account: '{account}' },
    scopes: { allOf: ['write'] },
    access: 'owner',
    condition: 'token.description == "good"',
  } as const
  const good: Partial<Token> = {
    bindings: { account: ['a'] },
    scopes: ['write'],
    access: 'owner',
    networks: ['192.0.2.1'],
    paths: ['/v1'],
    description: 'good',
  }
  t.equal(codeOf(decide(settings, good)), undefined)
  const breaks: readonly (readonly [string, Partial<Token>])[] = [
    ['kind_not_allowed', { kind: 'session' }],
    ['network_not_allowed', { networks: ['192.0.2.2'] }],
    ['binding_mismatch', { bindings: { account: ['b'] } }],
    ['path_not_allowed', { paths: ['/v2'] }],
    ['insufficient_scope', { scopes: [] }],
    ['insufficient_access', { access: 'read-write' }],
    ['condition_not_met', { description: 'bad' }],
  ]
  fc.assert(
    fc.property(fc.subarray([...breaks], { minLength: 1 }), (broken) => {
      const [[first] = []] = broken
      const verdict = decide(settings, Object.assign({}, good, ...broken.map(([, change]) => change)))
      return codeOf(verdict) === first
    }),
  )
  const lacking = decide(settings, { ...good, scopes: [] })
  t.equal(isRefusal(lacking) && lacking.challenge, challenge, 'want of scope has a challenge')
  t.equal(codeOf(decide({ ...settings, networks: ['10.0.0.0/8'] }, good)), 'network_not_allowed')
  t.equal(codeOf(decide({ ...settings, networks: [] }, good)), 'network_not_allowed')
})

t.test('a grant has the access of its token; only owner is an owner', async (t) => {
  for (const access of accessLevels.filter((level) => level !== 'none')) {
    const verdict = decide({}, { access })
    t.match(verdict, { kind: 'token', access, isOwner: access === 'owner', token: { id: token.id } })
  }
  t.match(authorizePublic(), { kind: 'public', access: 'none', isOwner: false, token: undefined })
})

t.test('the system token passes every rule where it is admitted, and only there', async (t) => {
  const impossible = {
    kinds: [],
    networks: [],
    scopes: { anyOf: [] },
    bindings: { account: 'other' },
    access: 'owner',
    condition: 'false',
  } as const
  for (const system of ['allow', 'only'] as const) {
    t.match(decide({ ...impossible, system }, { kind: 'system' }), { kind: 'system', isOwner: true }, system)
  }
  t.equal(codeOf(decide({ system: 'refuse' }, { kind: 'system' })), 'kind_not_allowed')
  t.equal(
    codeOf(decide({ kinds: ['system'] }, { kind: 'system' })),
    'kind_not_allowed',
    'naming it is not enough',
  )
  for (const kind of tokenKinds.filter((other) => other !== 'system')) {
    t.equal(codeOf(decide({ system: 'only', kinds: [...tokenKinds] }, { kind })), 'kind_not_allowed', kind)
  }
})

t.test('a setting that cannot be compiled is reported, and its route refuses all', async (t) => {
  const broken = [
    ['condition', { condition: 'token.kin == 1' }],
    ['bindings', { bindings: { account: '{acount}' } }],
    ['networks', { networks: ['1.2.3.4/33'] }],
  ] as const
  for (const [setting, settings] of broken) {
    const reports: string[] = []
    const verdict = decide(settings, {}, (where) => reports.push(where))
    t.strictSame(reports, [setting])
    t.equal(codeOf(verdict), 'condition_not_met', setting)
  }
})

t.test('a condition that cannot be answered refuses', async (t) => {
  for (const condition of [
    'token.expiresAt > request.time',
    'resource.container == "c"',
    'token.bindings["group"].size() == 0',
    'request.path.split("/")[9] == ""',
    '1 / (token.scopes.size() - 1) == 1',
  ]) {
    t.equal(codeOf(decide({ condition })), 'condition_not_met', condition)
  }
  t.equal(codeOf(decide({ condition: 'subject.name == "alice" && resource.account == "a"' })), undefined)
})

t.test(
  'shadow mode makes a powerless grant of a refusal and tells of it; a grant stays what it is',
  async (t) => {
    const shadow = { mode: 'shadow', onRefusal: 'truthful' } as const
    const told: Refusal[] = []
    const refusal = refuse('kind_not_allowed', 'because')
    const verdict = conclude(refusal, shadow, (one) => told.push(one))
    t.match(verdict, { kind: 'shadow', token: undefined, access: 'none', isOwner: false })
    t.strictSame(told, [refusal])
    const granted = decide({}, { access: 'owner' })
    t.equal(
      conclude(granted, shadow, (one) => told.push(one)),
      granted,
    )
    t.equal(told.length, 1)
  },
)

t.test('not-found hides every 403, challenge and all, and nothing else', async (t) => {
  const hide = { mode: 'enforce', onRefusal: 'not-found' } as const
  const forbidden = refuse('insufficient_scope', 'scope x is missing', { challenge })
  const hidden = hideRefusal(forbidden, hide)
  t.match(hidden, { code: 'not_found', status: 404, challenge: undefined })
  t.match(hidden.reason, 'insufficient_scope: scope x is missing', 'the log still knows')
  for (const code of ['invalid_token', 'malformed_credential', 'cannot_decide'] as const) {
    const refusal = refuse(code, '')
    t.equal(
      conclude(refusal, hide, () => t.fail('not shadowed')),
      refusal,
      code,
    )
  }
  t.equal(hideRefusal(forbidden, { mode: 'enforce', onRefusal: 'truthful' }), forbidden)
})
