/**
 * A token is worth what its subject is: refused while that is disabled, good again afterwards, and never good
 * again once that is deleted.
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { actAt } from '../../support/act.ts'
import { startTestGateway } from '../../support/gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { isRefused, lineOf } from './refusal-checks.ts'

const invalid = {
  status: 401,
  code: 'invalid_token',
  title: 'The credential is not valid.',
  challenge: 'Bearer realm="sallyport", error="invalid_token"',
}
/** Within which every change takes effect. */
const effectMs = 1_000

t.test('every token of a disabled subject is refused until the subject is enabled', async (t) => {
  const { gateway, upstream, send } = await start(t)
  const used = await gateway.issue({ subject: 'ci' })
  const unused = await gateway.issue({ subject: 'ci' })
  const other = await gateway.issue({ subject: 'other' })
  t.equal((await send(used.text)).status, 200)

  await gateway.store.setSubjectStatus('ci', 'disabled', actAt(1))
  await sleep(effectMs)
  const before = upstream.requests.length
  for (const { text, token } of [used, unused]) {
    const answer = await send(text)
    isRefused(t, answer, invalid, 'while disabled')
    t.match((await lineOf(gateway, answer)).reason, `token ${token.id} is subject-disabled`)
  }
  t.equal(upstream.requests.length, before)
  t.equal((await send(other.text)).status, 200, 'another subject is not concerned')

  await gateway.store.setSubjectStatus('ci', 'active', actAt(1))
  await sleep(effectMs)
  t.equal((await send(used.text)).status, 200)
  t.equal((await send(unused.text)).status, 200)
})

t.test('tokens of a deleted subject stay refused when a new one takes its name', async (t) => {
  const { gateway, database, send } = await start(t)
  const old = await gateway.issue({ subject: 'ci' })
  t.equal((await send(old.text)).status, 200)

  database.exec(`BEGIN IMMEDIATE;
    UPDATE subjects SET status = 'deleted' WHERE name = 'ci';
    UPDATE change_clock SET version = version + 1;
    INSERT INTO token_changes (version, subject_id)
      SELECT version, subjects.id FROM change_clock, subjects WHERE name = 'ci';
    COMMIT`)
  await sleep(effectMs)
  const answer = await send(old.text)
  isRefused(t, answer, invalid, 'deleted')
  t.match((await lineOf(gateway, answer)).reason, `token ${old.token.id} is subject-deleted`)

  const anew = await gateway.issue({ subject: 'ci' })
  t.not(anew.token.subject.id, old.token.subject.id)
  t.equal((await send(anew.text)).status, 200)
  t.equal((await send(old.text)).status, 401)
})

async function start(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-subjects-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'tokens.db')
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    store: { sqlite: { path } },
    routes: [{ match: { path: '/{rest*}' } }],
  })
  const database = new DatabaseSync(path, { timeout: 2_000 })
  t.teardown(() => database.close())
  const send = (text: string) => gateway.request({ headers: [['Authorization', `Bearer ${text}`]] })
  return { gateway, upstream, database, send }
}
