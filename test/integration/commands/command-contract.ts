/**
 * What commands promise about a gateway that runs meanwhile, whatever the record of tokens is kept in.
 * @module
 */

import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import type { CommandResult, GatewayProcess, Installation } from '../../support/installation.ts'
import type { RawAnswer } from '../../support/raw-request.ts'
import type { RecordingUpstream } from '../../support/recording-upstream.ts'
import { brokenOff, until } from '../../support/until.ts'

export interface Scene {
  readonly installation: Installation
  readonly gateway: GatewayProcess
  readonly upstream: RecordingUpstream
}

type Contract = Readonly<Record<string, (t: Test, scene: Scene) => Promise<void>>>

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

function ask(gateway: GatewayProcess, token: unknown, method = 'GET'): Promise<RawAnswer> {
  return gateway.request({ method, headers: [['Authorization', `Bearer ${token}`]] })
}

async function statusOf(gateway: GatewayProcess, token: unknown): Promise<number> {
  return (await ask(gateway, token).catch(brokenOff)).status
}

/** Whether a command failed as scripts rely on: exit code 1, and one document that names the failure. */
function failedWith(t: Test, { code, document }: CommandResult, failure: string): void {
  t.match({ code, document }, { code: 1, document: { error: { code: failure, message: String } } })
}

export const contract: Contract = {
  'a token is good as soon as «token issue» has returned, for what it was issued for': async (t, scene) => {
    const { installation, gateway, upstream } = scene
    const words = ['--kind', 'build', '--subject', 'ci', '--scope', 'api', '--expires', '1h', '--by', 'root']
    const { code, document } = await installation.run('token', 'issue', ...words)
    t.equal(code, 0)
    t.match(document, {
      id: uuid,
      state: 'active',
      kind: 'build',
      subject: 'ci',
      scopes: ['api'],
      createdBy: 'root',
    })
    t.equal((await ask(gateway, document.token)).status, 200)
    const [told] = upstream.requests.slice(-1)
    t.same(told?.header('x-sallyport-subject'), ['ci'])
    t.same(told?.header('x-sallyport-token-id'), [document.id])
    t.same(told?.header('authorization'), [])
    const sent = upstream.requests.length
    t.equal((await ask(gateway, document.token, 'PUT')).status, 403, 'read-only unless told otherwise')
    t.equal(upstream.requests.length, sent)
  },

  'commands that are refused change nothing': async (t, { installation }) => {
    const before = (await installation.run('token', 'list', '--state', 'all')).document
    const issue = ['token', 'issue', '--subject', 'alice']
    failedWith(t, await installation.run(...issue, '--kind', 'build', '--description', 'a\nb'), 'refused')
    t.equal((await installation.run(...issue, '--kind', 'system')).code, 2)
    failedWith(
      t,
      await installation.run(...issue, '--kind', 'personal', '--network', '10.0.0.0/99'),
      'refused',
    )
    failedWith(t, await installation.run('token', 'revoke', "' OR 1=1 --"), 'unknown_token')
    failedWith(t, await installation.run('token', 'show', randomUUID()), 'unknown_token')
    failedWith(t, await installation.run('subject', 'disable', 'nobody'), 'unknown_subject')
    t.same((await installation.run('token', 'list', '--state', 'all')).document, before)
  },

  '«token list» and «token show» tell the record, and never a text': async (t, { installation }) => {
    const { text, token } = await installation.issue({
      subject: 'lister',
      description: 'for «lists»',
    })
    const list = (...words: string[]) => installation.run('token', 'list', '--subject', 'lister', ...words)
    const shown = await installation.run('token', 'show', token.id)
    t.match(shown.document, {
      id: token.id,
      state: 'active',
      description: 'for «lists»',
      revokedAt: null,
    })
    const recordOf = ({ chain: _, audit: __, ...record }: Record<string, unknown>) => record
    t.match(shown.document.chain, { parents: [], derived: [], predecessors: [], successors: [] })
    t.same((await list()).document, { tokens: [recordOf(shown.document)], next: null })
    t.same((await list('--state', 'revoked')).document, { tokens: [], next: null })
    await installation.run('token', 'revoke', token.id, '--cause', 'lost', '--by', 'root')
    const revoked = await installation.run('token', 'show', token.id)
    t.match(revoked.document.audit, [
      { entry: { deed: 'token_issued' } },
      { entry: { deed: 'token_revoked', by: 'root' } },
    ])
    t.match(revoked.document, {
      state: 'revoked',
      revokedBy: 'root',
      revokedCause: 'lost',
      revokedAt: String,
    })
    t.same((await list()).document, { tokens: [], next: null })
    t.same((await list('--state', 'revoked')).document, { tokens: [recordOf(revoked.document)], next: null })
    for (const { document, stderr } of [shown, revoked, await list('--state', 'all')]) {
      t.notOk(JSON.stringify(document).includes(text.slice(4)))
      t.notOk(stderr.includes(text.slice(4)))
    }
  },

  'a token is revoked once, and the first revocation stays on record': async (
    t,
    { installation, gateway },
  ) => {
    const { text, token } = await installation.issue()
    t.equal(await statusOf(gateway, text), 200)
    t.equal((await installation.run('token', 'revoke', token.id, '--by', 'first')).code, 0)
    await until(async () => (await statusOf(gateway, text)) === 401)
    failedWith(t, await installation.run('token', 'revoke', token.id, '--by', 'second'), 'already_revoked')
    t.equal((await installation.run('token', 'show', token.id)).document.revokedBy, 'first')
    t.equal(await statusOf(gateway, text), 401)
  },

  'a disabled subject is refused with its old tokens and its new ones, until it is enabled': async (
    t,
    scene,
  ) => {
    const { installation, gateway } = scene
    t.equal((await installation.run('subject', 'add', 'billing', '--kind', 'service')).code, 0)
    failedWith(t, await installation.run('subject', 'add', 'billing'), 'subject_exists')
    const old = await installation.issue({ subject: 'billing' })
    t.equal(await statusOf(gateway, old.text), 200)
    const disabled = await installation.run('subject', 'disable', 'billing')
    t.match(disabled.document, { name: 'billing', kind: 'service', status: 'disabled' })
    await until(async () => (await statusOf(gateway, old.text)) === 401)
    t.equal((await installation.run('subject', 'disable', 'billing')).code, 0, 'again is no failure')
    const { document } = await installation.run('subject', 'list', '--status', 'disabled')
    t.same(document, { subjects: [{ ...disabled.document, logins: [] }], next: null })

    t.equal((await installation.run('subject', 'enable', 'billing')).code, 0)
    await until(async () => (await statusOf(gateway, old.text)) === 200)
    await installation.run('token', 'revoke', old.token.id)
    await installation.run('subject', 'disable', 'billing')
    await installation.run('subject', 'enable', 'billing')
    await until(async () => (await statusOf(gateway, old.text)) === 401)
    t.equal(await statusOf(gateway, old.text), 401, 'enabling a subject does not bring back a revoked token')
  },

  'the gateway logs neither a token nor what a command was told': async (t, { installation, gateway }) => {
    const { text } = await installation.issue({ description: 'a-description-for-people' })
    t.equal(await statusOf(gateway, text), 200)
    t.equal(await statusOf(gateway, `${text}x`), 401)
    t.match(gateway.output(), /"outcome":"forwarded"/)
    t.notOk(gateway.output().includes(text.slice(4, 34)))
    t.notOk(gateway.output().includes('a-description-for-people'))
  },
}
