/**
 * `recover` where the page has no export of the audit record to go by, or one that cannot be gone by.
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { goesOn, page, sites, statusOf } from './site.ts'

const { exportAudit, revokeAll } = page

for (const [name, newSiteOf] of Object.entries(sites)) {
  t.test(`${name}: told to forget only, it takes nothing away`, async (t) => {
    const { installation, follow, backUp, restore } = await newSiteOf(t)
    const forgotten = await installation.serve()
    const { text, token } = await installation.issue()
    await follow(backUp)
    const since = await installation.issue()
    t.equal(await statusOf(forgotten, since.text), 200)
    await installation.run('token', 'revoke', token.id)
    await follow(restore)
    t.match(await installation.run('recover', '--forget-only'), { code: 0 })
    t.equal(await statusOf(forgotten, since.text), 401)
    t.equal(await statusOf(forgotten, text), 200)
    t.match(await installation.run('recover', '--forget-only', '--revoke-all'), { code: 2 })
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
    const early = readFileSync(join(shell.folder, 'backup/early.ndjson'), 'utf8').trimEnd().split('\n')
    const refused = {
      'line 4 does not follow': lines.toSpliced(3, 1),
      'line 5 is no whole entry': lines.with(4, lines[4]?.slice(0, 40) ?? ''),
      'older than the backup': early,
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
