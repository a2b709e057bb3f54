/**
 * The first minutes with the gateway: what `npm start` prints can be pasted, and does what it says.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../../support/free-port.ts'
import type { RunningProcess } from '../../support/run-process.ts'
import { cliIn, main } from './run-cli.ts'

t.test('quickstart', async (t) => {
  const [port, adminPort, legacyPort] = [await freePort(), await freePort(), await freePort()]
  const cli = cliIn(t, {
    SALLYPORT_PORT: String(port),
    SALLYPORT_ADMIN_PORT: String(adminPort),
    SALLYPORT_LEGACY_PORT: String(legacyPort),
  })
  const first = await cli.start('quickstart')
  const guide = await outputWith(first, '/metrics')

  await t.test('keeps what it makes to the user', async (t) => {
    t.equal(statSync(join(cli.folder, 'var')).mode & 0o777, 0o700)
    t.equal(statSync(join(cli.folder, 'var/keys.json')).mode & 0o777, 0o600)
  })

  await t.test('prints commands that work as they are pasted', async (t) => {
    const commands = guide.split('\n').filter((line) => line.startsWith('  '))
    const script = commands
      .join('\n')
      .replaceAll('npx sallyport', `"${process.execPath}" "${main}"`)
      .replace(
        /^( *\S+ \S+ token revoke .*)$/m,
        '$1\nsleep 1\ncurl -i -H "Authorization: Bearer $TOKEN" "$DATA"',
      )
    const output = execFileSync('sh', ['-c', script], {
      cwd: cli.folder,
      env: { ...process.env, DATA: `http://127.0.0.1:${port}/v1/AUTH_demo`, NO_PROXY: '*' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const answers = output.split(/^(?=HTTP\/1\.1 )/m)
    t.same(
      answers.map((answer) => answer.slice(0, 12)),
      ['HTTP/1.1 401', 'HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 401'],
    )
    const [, seenByOwner, changed, seenByReader] = answers
    t.match(seenByOwner, /^x-account-access-control: \{"admin":\["demo"\]\}/im)
    t.match(changed, /"x-account-sysmeta-core-access-control": "\{\\"read-only\\":\[\\"bob\\"\]\}"/)
    t.notMatch(seenByReader, /access-control/i)
    t.notMatch(output, /"authorization"/i, 'the legacy service sees no token')
    t.match(output, /^sallyport_exchanges_total\{.*outcome="forwarded"\} /m)
  })

  await t.test('says which port is taken, and which variable to set', async (t) => {
    t.match(await cli.run('quickstart'), {
      code: 1,
      stderr: `sallyport: port ${legacyPort} is in use; set SALLYPORT_LEGACY_PORT to a free one\n`,
    })
  })

  await t.test('ends in good order, and shows no token the second time', async (t) => {
    await first.stop()
    t.equal(await first.ended, 0)
    const second = await cli.start('quickstart')
    const welcome = await outputWith(second, 'token issue')
    t.match(welcome, /The first token was shown when it was made/)
    t.notMatch(welcome, /spp_/)
    await second.stop()
    t.equal(await second.ended, 0)
  })
})

/** What a process printed, as soon as it holds `text`. */
async function outputWith(running: RunningProcess, text: string): Promise<string> {
  for (let attempt = 0; attempt < 200 && !running.output().includes(text); attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return running.output()
}
