/**
 * The commands of docs/operations.md on backups, run in the page's order under gateways: what was revoked since the
 * backup is revoked again, what was issued since is unknown, and nobody goes on with what they remember.
 * @module
 */

import t from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { deleteSubject } from '../../../src/tokens/life/delete-subject.ts'
import { actAt } from '../../support/act.ts'
import { goesOn, page, type Site, sites, statusOf } from './site.ts'

const { exportAudit, recover } = page

/** Every way in which a token may end, and some that live: by name its text, and what becomes of it after a restore. */
async function issueAll({ installation: { issue, store, run } }: Site) {
  const ofSubject = async (subject: string) => (await issue({ subject })).text
  const [revoked, derivedFrom, rotated, revokedBefore] = [
    await issue(),
    await issue(),
    await issue(),
    await issue(),
  ]
  const derived = await run('token', 'issue', '--from', derivedFrom.token.id)
  await store.revokeToken(revokedBefore.token.id, actAt(Date.now()))
  return {
    ids: { revoked: revoked.token.id, derivedFrom: derivedFrom.token.id, rotated: rotated.token.id },
    live: [await ofSubject('alice'), await ofSubject('erin')],
    revokedBefore: revokedBefore.text,
    ending: {
      'revoked by its id': revoked.text,
      'derived from one that was revoked': String(derived.document.token),
      rotated: rotated.text,
      'revoked in a group': await ofSubject('bob'),
      'of a subject that was disabled': await ofSubject('carol'),
      'of a subject that was deleted': await ofSubject('dave'),
    },
  }
}

for (const [name, newSiteOf] of Object.entries(sites)) {
  t.test(`${name}: what was revoked since the backup is revoked again by the page's commands`, async (t) => {
    const site = await newSiteOf(t)
    const { installation, follow } = site
    const { run } = installation
    const ended = await installation.serve()
    const forgotten = await installation.serve()
    const { ids, live, revokedBefore, ending } = await issueAll(site)
    for (const text of [...live, ...Object.values(ending)])
      for (const gateway of [ended, forgotten]) t.equal(await statusOf(gateway, text), 200)

    const { store } = installation
    const act = { ...actAt(Date.now()), cause: 'laptop lost' }
    const login = { subjectId: (await store.findSubject('alice'))?.id ?? '', upstream: 'legacy' }
    const sealed = { keyId: 'k1', sealed: Buffer.from('sealed'), updatedAt: act.at }
    await store.logins.write({ ...login, ...sealed }, { act })

    await follow(site.backUp)
    const since = await installation.issue()
    const revokedSince = await installation.issue()
    for (const id of [ids.revoked, ids.derivedFrom, revokedSince.token.id]) await store.revokeToken(id, act)
    for (const subject of ['carol', 'erin']) await store.setSubjectStatus(subject, 'disabled', act)
    await store.setSubjectStatus('erin', 'active', act)
    await deleteSubject(store, systemClock, 'dave', act)
    await store.logins.remove(login.subjectId, login.upstream, act)
    for (const words of [
      ['rotate', ids.rotated],
      ['revoke', '--subject', 'bob', '--yes'],
    ])
      t.match(await run('token', ...words), { code: 0 })
    for (const gateway of [ended, forgotten]) t.equal(await statusOf(gateway, since.text), 200)
    await follow(exportAudit)

    await ended.stop()
    await follow(site.restore)
    const told = await follow(recover)
    t.match(told, /^1[0-9] entries of the audit record lost, the last of 2\d{3}-/)
    t.match(told, /^revoked 6 tokens, removed 1 login\ndisabled: carol; deleted: dave$/m)
    t.match(told, /issued anew where they are missed: 3 tokens/)

    const started = await installation.serve()
    const before = site.forwarded()
    for (const gateway of [started, forgotten]) {
      for (const [how, text] of Object.entries(ending)) t.equal(await statusOf(gateway, text), 401, how)
      t.equal(await statusOf(gateway, revokedBefore), 401)
      t.equal(await statusOf(gateway, since.text), 401, 'issued since the backup')
      t.equal(await statusOf(gateway, revokedSince.text), 401)
    }
    t.equal(site.forwarded(), before, 'nothing of it reached the upstream')
    for (const gateway of [started, forgotten])
      for (const text of live) t.equal(await statusOf(gateway, text), 200)
    t.strictSame(await store.logins.list([login.subjectId]), [])
    t.match(await run('audit', 'verify'), { code: 0 })
    await goesOn(t, site, [started, forgotten])
  })

  t.test(`${name}: what was issued since is unknown, whoever remembers it`, async (t) => {
    const site = await newSiteOf(t)
    const { installation, follow } = site
    const forgotten = await installation.serve()
    const { text } = await installation.issue()
    await follow(site.backUp)
    // Nothing is revoked, so that the change clock of the backup is the present one.
    const since = await installation.issue()
    t.equal(await statusOf(forgotten, since.text), 200)
    await follow(exportAudit)
    await follow(site.restore)
    t.match(await follow(recover), /^1 entry of the audit record lost/)
    const started = await installation.serve()
    for (const gateway of [started, forgotten]) {
      t.equal(await statusOf(gateway, since.text), 401)
      t.equal(await statusOf(gateway, text), 200)
    }
  })
}
