/**
 * The commands of docs/operations.md on upgrades, as far as one version can tell: a record of an older one is refused
 * until it is migrated, one of a newer one is refused, and a roll-back is a restore.
 * @module
 */

import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { blocksOf } from './page.ts'
import { page, sites, statusOf } from './site.ts'

const [check = '', migrate = ''] = blocksOf('operations.md', 'Upgrade and roll-back')

const root = join(import.meta.dirname, '../../..')

/** The program before the last migration came, as far as migrations go: words to run it with in a shell. */
function formerProgram(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-former-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['src', 'package.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const dialect of ['postgres', 'sqlite'])
    rmSync(join(folder, 'src/database/migrations', dialect, lastMigration(dialect)))
  return `"${process.execPath}" "${join(folder, 'src/main.ts')}"`
}

function lastMigration(dialect: string): string {
  return (
    readdirSync(join(root, 'src/database/migrations', dialect))
      .toSorted()
      .at(-1) ?? ''
  )
}

for (const [name, newSite] of Object.entries(sites)) {
  /** As commands and logs name it. */
  const lastName = lastMigration(name === 'SQLite' ? 'sqlite' : 'postgres').replace(/\.do\.(.*)\.sql/, ' $1')

  t.test(`${name}: an older record is not touched before somebody says so`, async (t) => {
    const { installation, follow, shell } = await newSite(t, { migrations: 'manual' })
    const former = formerProgram(t)
    await follow(`${former} migrate`)
    await t.rejects(installation.serve(), new RegExp(`lacks ${lastName}: run «sallyport migrate» first`))
    t.match(await installation.run('token', 'list'), { code: 1, stderr: /sallyport migrate/ })

    t.match(await follow(check), /: ok /)
    t.equal(await follow(migrate), `applied ${lastName}\n`)
    t.equal(await follow(migrate), 'nothing to do\n')
    const { text } = await installation.issue()
    t.equal(await statusOf(await installation.serve(), text), 200)
    for (const words of ['serve', 'token list', 'migrate'])
      t.match(await shell.run(`${former} ${words}`), { code: 1, stderr: /update it/ }, words)
  })

  t.test(`${name}: by itself the first new gateway migrates`, async (t) => {
    const { installation, follow } = await newSite(t)
    await follow(`${formerProgram(t)} migrate`)
    const gateways = await Promise.all([installation.serve(), installation.serve()])
    const { text } = await installation.issue()
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
