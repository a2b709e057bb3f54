/**
 * The commands of docs/operations.md on upgrades, as far as one version can tell: a record of an older one is refused
 * until it is migrated, one of a newer one is refused, and a roll-back is a restore.
 * @module
 */

import t from 'tap'
import { blocksOf } from './page.ts'
import { page, sites, statusOf } from './site.ts'

const [check = '', migrate = ''] = blocksOf('operations.md', 'Upgrade and roll-back')

/** The record as the release before the last migration left it. */
const older = 'DROP TABLE upstream_logins; DELETE FROM schema_version WHERE version = 6'

for (const [name, newSite] of Object.entries(sites)) {
  t.test(`${name}: an older record is not touched before somebody says so`, async (t) => {
    const { installation, follow, execute } = await newSite(t, { migrations: 'manual' })
    await follow(migrate)
    const { text } = await installation.issue()
    await execute(older)
    await t.rejects(installation.serve(), /lacks 006 upstream-logins: run «sallyport migrate» first/)
    t.match(await installation.run('token', 'list'), { code: 1, stderr: /sallyport migrate/ })

    t.match(await follow(check), /\n/)
    t.equal(await follow(migrate), 'applied 006 upstream-logins\n')
    t.equal(await follow(migrate), 'nothing to do\n')
    t.equal(await statusOf(await installation.serve(), text), 200)
  })

  t.test(`${name}: by itself the first new gateway migrates`, async (t) => {
    const { installation, follow, execute } = await newSite(t)
    await follow(migrate)
    const { text } = await installation.issue()
    await execute(older)
    const gateways = await Promise.all([installation.serve(), installation.serve()])
    for (const gateway of gateways) t.equal(await statusOf(gateway, text), 200)
    t.equal(await follow(migrate), 'nothing to do\n')
  })

  t.test(`${name}: what a newer program migrated is refused, and rolled back by a restore`, async (t) => {
    const { installation, follow, backUp, restore, execute } = await newSite(t)
    const running = await installation.serve()
    const [known, asked] = [await installation.issue(), await installation.issue()]
    t.equal(await statusOf(running, known.text), 200)
    await follow(backUp)
    await execute('CREATE TABLE later (id text); INSERT INTO schema_version (version) VALUES (999)')

    t.equal(await statusOf(running, known.text), 200, 'a gateway that runs goes on')
    t.equal(await statusOf(running, asked.text), 200, 'also with what it has to look up')
    await t.rejects(installation.serve(), /schema version 999, and this program knows \d+: update it/)
    t.match(await installation.run('token', 'revoke', known.token.id), { code: 1, stderr: /update it/ })

    await running.stop()
    // In the place of the newer program, which makes the export.
    await execute('DELETE FROM schema_version WHERE version = 999')
    await follow(page.exportAudit)
    await follow(restore)
    await follow(page.recover)
    const rolledBack = await installation.serve()
    t.equal(await statusOf(rolledBack, known.text), 200)
    // What the newer one had made is gone, so that it can be tried again.
    await execute('CREATE TABLE later (id text)')
  })
}
