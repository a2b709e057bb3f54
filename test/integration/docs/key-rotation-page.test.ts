/**
 * The steps of docs/tokens.md by which a key of the ring is replaced, run as the page has them under a gateway that is
 * never started again: no token that lives is refused.
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { writeKeyRing } from '../../../src/tokens/keys/key-ring-file.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { newInstallation } from '../../support/installation.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { newShell } from './page.ts'
import { statusOf } from './site.ts'

/** The commands of the three steps, in their order. */
function steps(): readonly string[] {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/tokens.md'), 'utf8')
  const section = page.split('\n## Keys\n')[1]?.split('\nUpstream logins need')[0] ?? ''
  const list = section.slice(section.indexOf('\n1. ')).replaceAll(/\s+/g, ' ')
  return [...list.matchAll(/`(sallyport [^`]+)`/g)].map(([, command = '']) => command)
}

t.test('a key is replaced by the steps of the page, and no live token is refused', async (t) => {
  const upstream = await recordingUpstream(t)
  const shell = newShell(t, () => ({ SALLYPORT_CONFIG: installation.config }))
  const file = join(shell.folder, 'keys.json')
  writeKeyRing(file, newKeyRing(systemClock))
  const installation = newInstallation(t, { upstream: upstream.url, keys: { file } })
  const gateway = await installation.serve()
  const issue = async () =>
    (await installation.run('token', 'issue', '--kind', 'personal', '--subject', 'alice')).document
  const old = await issue()
  const live = [String(old.token)]
  const goesOn = async () => {
    live.push(String((await issue()).token))
    for (const text of live) t.equal(await statusOf(gateway, text), 200)
  }

  const [stage = '', rotate = '', list = '', tokens = '', retire = '', ...others] = steps()
  t.strictSame(others, [])
  for (const command of [stage, rotate]) {
    t.match(await shell.run(command), { code: 0 }, command)
    await goesOn()
  }
  t.match(await shell.run(list), { code: 0, stdout: /k1 +previous +\S+ +2 .*k2 +current +\S+ +1 /s })
  const { stdout } = await shell.run(tokens)
  t.match(stdout, String(old.id))
  t.match(await shell.run(retire), { code: 1, stderr: /k1/ }, 'while tokens are under it')
  await goesOn()

  const under = (await installation.run('token', 'list', '--key', 'k1')).document.tokens as { id: string }[]
  t.match(await installation.run('token', 'revoke', ...under.map(({ id }) => id)), { code: 0 })
  const ended = live.splice(0, 2)
  t.match(await shell.run(retire), { code: 0 })
  await goesOn()
  for (const text of ended) t.equal(await statusOf(gateway, text), 401)
  t.match(await shell.run('sallyport audit verify'), { code: 0 })
})
