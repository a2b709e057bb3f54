/**
 * The commands of docs/operations.md on backups, run in the page's order under gateways: what was revoked since the
 * backup is revoked again, what was issued since is unknown, and nobody goes on with what they remember.
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { GatewayProcess } from '../../support/installation.ts'
import { until } from '../../support/until.ts'
import { page, type Site, sites, statusOf } from './site.ts'

const { exportAudit, recover, revokeAll } = page

/** Every way in which a token may end, and some that live: by name its text, and what becomes of it after a restore. */
async function issueAll({ installation: { issue, run } }: Site) {
  const ofSubject = async (subject: string) => (await issue({ subject })).text
  const [revoked, derivedFrom, rotated, revokedBefore] = [
    await issue(),
    await issue(),
    await issue(),
    await issue(),
  ]
  const derived = await run('token', 'issue', '--from', derivedFrom.token.id)
  await run('token', 'revoke', revokedBefore.token.id)
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

    await follow(site.backUp)
    const since = await installation.issue()
    const revokedSince = await installation.issue()
    for (const words of [
      ['token', 'revoke', ids.revoked],
      ['token', 'revoke', ids.derivedFrom, '--cause', 'laptop lost'],
      ['token', 'rotate', ids.rotated],
      ['token', 'revoke', '--subject', 'bob', '--yes'],
      ['subject', 'disable', 'carol'],
      ['subject', 'delete', 'dave'],
      ['subject', 'disable', 'erin'],
      ['subject', 'enable', 'erin'],
      ['token', 'revoke', revokedSince.token.id],
    ])
      t.match(await run(...words), { code: 0 }, words.join(' '))
    for (const gateway of [ended, forgotten]) t.equal(await statusOf(gateway, since.text), 200)
    await follow(exportAudit)

    await ended.stop()
    await follow(site.restore)
    const told = await follow(recover)
    t.match(told, /^1[0-9] entries of the audit record lost, the last of 2\d{3}-/)
    t.match(told, /^revoked 6 tokens, removed 0 logins\ndisabled: carol; deleted: dave$/m)
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

  t.test(`${name}: without an export, everything is revoked`, async (t) => {
    const site = await newSiteOf(t)
    const { installation, follow } = site
    const first = await installation.serve()
    const tokens = [await installation.issue(), await installation.issue({ subject: 'bob' })]
    for (const { text } of tokens) t.equal(await statusOf(first, text), 200)
    await follow(site.backUp)
    await first.stop()
    await follow(site.restore)
    t.match(await installation.run('recover', '--revoke-all'), {
      code: 1,
      document: { error: { code: 'confirmation_needed', message: /2 tokens/ } },
    })
    t.equal(await follow(revokeAll), 'revoked 2 tokens\n')
    const second = await installation.serve()
    for (const { text } of tokens) t.equal(await statusOf(second, text), 401)
    await goesOn(t, site, [second])
  })

  t.test(`${name}: an export that cannot be gone by changes nothing`, async (t) => {
    const { installation, shell, follow, backUp, restore } = await newSiteOf(t)
    const { run } = installation
    const { id } = (await run('token', 'issue', '--kind', 'personal', '--subject', 'alice')).document
    await follow(`${exportAudit}cp backup/audit.ndjson backup/early.ndjson`)
    await run('subject', 'add', 'bob')
    await follow(backUp)
    for (const words of [
      ['token', 'revoke', String(id)],
      ['subject', 'add', 'carol'],
    ])
      await run(...words)
    await follow(exportAudit)
    await follow(restore)
    const file = join(shell.folder, 'backup/audit.ndjson')
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    const refused: Readonly<Record<string, readonly string[]>> = {
      'it has no entry': [],
      'line 4 does not follow': lines.toSpliced(3, 1),
      'line 4 is no whole entry': lines.with(3, lines[3]?.replace('token_revoked', 'token_issued') ?? ''),
      'line 5 is no whole entry': lines.with(4, lines[4]?.slice(0, 40) ?? ''),
      'shares no entry': lines.slice(4),
      'older than the backup': readFileSync(join(shell.folder, 'backup/early.ndjson'), 'utf8')
        .trimEnd()
        .split('\n'),
    }
    for (const [sentence, kept] of Object.entries(refused)) {
      writeFileSync(file, kept.map((line) => `${line}\n`).join(''))
      const { code, document } = await run('recover', '--audit', file)
      t.match({ code, document }, { code: 1, document: { error: { code: 'unfit_export' } } }, sentence)
      t.match(JSON.stringify(document), sentence)
    }
    const { entries } = (await run('audit', 'tail')).document as { entries: readonly { seq: number }[] }
    t.equal(entries.at(-1)?.seq, 3, 'nothing was done')

    writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
    for (const revoked of [1, 0])
      t.match((await run('recover', '--audit', file)).document, { lostEntries: 2, revoked })
    t.match(await run('recover'), { code: 2 })
  })
}

/** The feed follows what is done from now on. */
async function goesOn(
  t: Test,
  { installation: { run } }: Site,
  gateways: readonly GatewayProcess[],
): Promise<void> {
  const { document } = await run('token', 'issue', '--kind', 'personal', '--subject', 'frank')
  for (const gateway of gateways) t.equal(await statusOf(gateway, String(document.token)), 200)
  t.match(await run('token', 'revoke', String(document.id)), { code: 0 })
  for (const gateway of gateways) t.equal(await statusOf(gateway, String(document.token)), 401)
  for (const gateway of gateways)
    await until(async () => (await gateway.metric('sallyport_change_feed_age_seconds')) < 0.9)
}
