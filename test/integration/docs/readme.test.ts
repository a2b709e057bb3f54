/**
 * The README keeps its word: every command in it is run as it stands there, in its order, and every configuration is
 * accepted. Only the ports differ, so that the test can run beside anything.
 * @module
 */

import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { parse } from 'yaml'
import { tokenTextPattern } from '../../../src/tokens/token-text.ts'
import { freePort } from '../../support/free-port.ts'
import type { Scope } from '../../support/private-server.ts'
import { runProcess } from '../../support/run-process.ts'

const root = join(import.meta.dirname, '../../..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const startDeadlineMs = 30_000

/** The text of every fenced block of a language. */
function blocks(language: string): readonly string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    ([, text = '']) => text,
  )
}

/** Commands of a block, without its comments. */
function commands(block: string): readonly string[] {
  return block.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

/** `npx sallyport` without npm's look-ups, which would go to the network. */
const stub = `npx() { shift; node "${join(root, 'src/main.ts')}" "$@"; }`

function shell(
  command: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      'bash',
      ['-c', `${stub}\n${command}`],
      { cwd, env: { ...process.env, ...env } },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

function newFolder(t: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-readme-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

t.test('what the first start prints and the README shows works when pasted', async (t) => {
  const folder = newFolder(t)
  cpSync(join(root, 'config'), join(folder, 'config'), { recursive: true })
  symlinkSync(join(root, 'package.json'), join(folder, 'package.json'))
  const [port, adminPort, legacyPort] = [await freePort(), await freePort(), await freePort()]
  const env = {
    SALLYPORT_PORT: String(port),
    SALLYPORT_ADMIN_PORT: String(adminPort),
    SALLYPORT_LEGACY_PORT: String(legacyPort),
  }
  const start = await runProcess('node', {
    args: [join(root, 'src/main.ts'), 'quickstart'],
    cwd: folder,
    env: { ...process.env, ...env },
  })
  t.teardown(() => start.stop())
  const token = await firstToken(start.output)

  const tryIt = commands(blocks('sh')[1] ?? '').map((line) => line.replaceAll(':8080', `:${port}`))
  const results = []
  for (const line of tryIt) results.push(await shell(line, folder, { ...env, TOKEN: token }))
  t.match(
    results.slice(0, 4).map(({ stdout }) => stdout.split('\r\n', 1)[0]),
    ['HTTP/1.1 401 Unauthorized', 'HTTP/1.1 200 OK', 'HTTP/1.1 403 Forbidden', 'HTTP/1.1 400 Bad Request'],
  )
  t.notMatch(results[1]?.stdout, token, 'the service did not see the token')
  t.match(results[4], { code: 0, stdout: new RegExp(tokenTextPattern) }, 'the second token')
})

t.test('the configuration of the README is accepted, and its commands work on it', async (t) => {
  const folder = newFolder(t)
  writeFileSync(join(folder, 'sallyport.yaml'), blocks('yaml')[0] ?? '')
  for (const line of commands(blocks('sh')[2] ?? '')) {
    const { code, stderr } = await shell(line, folder, {})
    t.equal(code, 0, `${line}: ${stderr}`)
  }
})

t.test(
  'the configuration of the compose file is accepted, with the secret that the README makes for it',
  async (t) => {
    const folder = newFolder(t)
    const [makeSecret = '', ...others] = commands(blocks('sh')[3] ?? '')
    t.match(await shell(makeSecret, folder, {}), { code: 0 })
    const { secrets, services } = parse(readFileSync(join(root, 'compose.yaml'), 'utf8'), { merge: true })
    t.ok(services.gateway.volumes.includes('./config/compose:/etc/sallyport:ro'))
    const secret = join(folder, secrets['postgres-password'].file)
    t.equal(statSync(dirname(secret)).mode & 0o777, 0o700, 'nobody else reaches the secret')

    // Only the place of the secret differs: a container has it under /run/secrets.
    const settings = readFileSync(join(root, 'config/compose/sallyport.yaml'), 'utf8')
    writeFileSync(join(folder, 'sallyport.yaml'), settings.replace('/run/secrets/postgres-password', secret))
    const { code, stderr } = await shell('npx sallyport check --config sallyport.yaml', folder, {})
    t.equal(code, 0, stderr)
    t.ok(others.every((line) => /^(?:docker compose (?:run|up) |curl )/.test(line)))
  },
)

t.test('the regular expression for secret scanners is the one that tokens are made by', async (t) => {
  t.equal(blocks('text')[0]?.trim(), tokenTextPattern)
})

t.test('the test command of the README is the one that CI runs', async (t) => {
  t.equal(blocks('sh')[4]?.trim(), 'npm ci && npm test')
})

async function firstToken(output: () => string): Promise<string> {
  for (const deadline = Date.now() + startDeadlineMs; Date.now() < deadline; await sleep(50)) {
    const [, token] = /export TOKEN=(\S+)/.exec(output()) ?? []
    if (token !== undefined) return token
  }
  throw new Error(`the quick start did not print a token: ${output()}`)
}
