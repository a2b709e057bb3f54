/**
 * Exit codes and sentences: what goes wrong is said once, plainly, and never with a stack trace.
 * @module
 */

import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { cliIn, configWith, main } from './run-cli.ts'

const sqlite = '{ sqlite: { path: tokens.db } }'

t.test('bad usage is exit code 2', async (t) => {
  const cli = cliIn(t)
  const cases = [
    [],
    ['nonsense'],
    ['token'],
    ['token', 'issue', '--kind', 'personal'],
    ['token', 'issue', '--kind', 'nonsense', '--subject', 'a'],
    ['token', 'issue', '--kind', 'personal', '--subject', 'a', '--expires', 'soon'],
    ['token', 'list', '--limit', '0'],
    ['token', 'list', '--nonsense'],
    ['token', 'list', 'extra'],
    ['token', 'list', '--bind', 'project'],
    ['token', 'issue', '--from', 'a', '--subject', 'b'],
    ['token', 'rotate'],
    ['token', 'rotate', 'a', '--overlap', 'soon'],
    ['token', 'revoke'],
    ['token', 'revoke', 'a', '--subject', 'b'],
    ['token', 'revoke', '--subject', 'a', '--issuer', 'b'],
    ['token', 'purge'],
    ['token', 'purge', '--older-than', '0s'],
    ['key', 'retire'],
  ]
  for (const args of cases) {
    const { code, stdout, stderr } = await cli.run(...args)
    t.equal(code, 2, args.join(' '))
    t.equal(stdout, '')
    t.not(stderr, '')
    t.notMatch(stderr, /^ +at /m)
  }
})

t.test('help is on standard output, with examples', async (t) => {
  const cli = cliIn(t)
  for (const args of [['--help'], ['token', '--help']]) {
    const { code, stdout } = await cli.run(...args)
    t.equal(code, 0)
    t.match(stdout, /^Usage: sallyport/)
  }
  t.match((await cli.run('token', 'issue', '--help')).stdout, /Examples:\n {2}\$ sallyport token issue/)
})

t.test('check says that a configuration is right, or everything that is wrong with it', async (t) => {
  const cli = cliIn(t)
  cli.write('sallyport.yaml', configWith(sqlite))
  t.match(await cli.run('check'), {
    code: 0,
    stdout: './sallyport.yaml: ok (1 route, 1 upstream)\n',
    stderr: '',
  })

  const broken = configWith(sqlite).replace('log:', 'logg:').replace('/{path*}', '/{path*}/x')
  const file = cli.write('broken.yaml', broken.replace('upstream: legacy', 'upstream: legcy'))
  const both = await cli.run('check', '--config', file)
  t.equal(both.code, 1)
  t.match(both.stderr, `${file}:6: logg: unknown key; did you mean «log»?`)
  t.match(both.stderr, `${file}:9: routes[0].upstream: upstreams has no «legcy»; did you mean «legacy»?`)

  const pattern = cli.write('pattern.yaml', broken.replace('logg:', 'log:'))
  const compiled = await cli.run('check', '--config', pattern)
  t.equal(compiled.code, 1)
  t.match(compiled.stderr, `${pattern}:9: routes[0].match.path: `)
})

t.test('check reads the files of TLS, and says at which line one cannot be used', async (t) => {
  const cli = cliIn(t)
  const pem = (name: string) => join(import.meta.dirname, '../../support/certificates', name)
  const listen = (certificate: string, key: string, ca: string) =>
    `listen: { tls: { certificates: [{ certificate: ${certificate}, key: ${key} }], clientCertificates: { ca: ${ca}, mode: required } } }`
  const check = (text: string) => {
    cli.write(
      'sallyport.yaml',
      configWith(sqlite).replace(/^listen: .*$/m, () => text),
    )
    return cli.run('check')
  }
  t.equal((await check(listen(pem('service.pem'), pem('service.key'), pem('client-ca.pem')))).code, 0)
  for (const [text, problem] of [
    [
      listen(pem('service.pem'), pem('client.key'), pem('client-ca.pem')),
      /tls\.certificates\[0\]\.key: .*client\.key is not the key of /,
    ],
    [
      listen(pem('none.pem'), pem('service.key'), pem('client-ca.pem')),
      /tls\.certificates\[0\]\.certificate: .*none\.pem does not exist/,
    ],
    [
      listen(pem('service.pem'), pem('README.md'), pem('client-ca.pem')),
      /tls\.certificates\[0\]\.key: .* holds no unencrypted private key/,
    ],
    [
      listen(pem('service.pem'), pem('service.key'), pem('README.md')),
      /clientCertificates\.ca: .* holds no certificate in PEM/,
    ],
    [
      listen(pem('service.pem'), pem('service.key'), pem('client-ca.pem')).replace(
        'mode: required',
        'mode: none',
      ),
      /clientCertificates\.ca: has no effect/,
    ],
  ] as const) {
    const { code, stderr } = await check(text)
    t.equal(code, 1)
    t.match(stderr, problem)
    t.match(stderr, /sallyport\.yaml:\d+: listen\.tls\./)
  }
})

t.test('the configuration is named by option, by environment, or is ./sallyport.yaml', async (t) => {
  const cli = cliIn(t, { SALLYPORT_CONFIG: 'named.yaml' })
  t.match((await cli.run('check')).stderr, 'named.yaml: does not exist')
  t.match((await cli.run('check', '-c', 'other.yaml')).stderr, 'other.yaml: does not exist')
  t.match((await cliIn(t).run('check')).stderr, './sallyport.yaml: does not exist')
})

t.test('a key ring is private, whole, and never overwritten', async (t) => {
  const cli = cliIn(t)
  const args = ['key', 'generate', '--file', 'new/keys.json']
  t.equal((await cli.run(...args)).code, 0)
  t.equal(statSync(join(cli.folder, 'new/keys.json')).mode & 0o777, 0o600)
  t.equal(statSync(join(cli.folder, 'new')).mode & 0o777, 0o700)
  t.match(await cli.run(...args), { code: 1, stdout: '', stderr: /exists already/ })
  t.match((await cli.run('key', 'generate')).json(), { current: 'k1', keys: [{ id: 'k1' }] })
})

t.test('what a command needs and does not find is one sentence that says what to do', async (t) => {
  const cli = cliIn(t)
  cli.write('sallyport.yaml', configWith(sqlite))
  const noKeys = await cli.run('token', 'issue', '--kind', 'personal', '--subject', 'a')
  t.match(noKeys, { code: 1, stdout: '', stderr: /^sallyport: .*sallyport key generate.*\n$/ })

  const manual = cli.write('manual.yaml', configWith('{ sqlite: { path: new.db }, migrations: manual }'))
  t.match(await cli.run('token', 'list', '-c', manual, '--json'), {
    code: 1,
    stderr: /run «sallyport migrate»/,
  })
  t.match((await cli.run('migrate', '-c', manual)).stdout, /^applied 001/)
  t.match(await cli.run('token', 'list', '-c', manual, '--json'), {
    code: 0,
    stdout: '{"tokens":[],"next":null}\n',
  })

  const away = cli.write(
    'away.yaml',
    configWith('{ postgres: { url: "postgres://u:S3CR3T@127.0.0.1:1/d" } }'),
  )
  const failed = await cli.run('token', 'list', '-c', away)
  t.match(failed, { code: 1, stderr: /^sallyport: .*127\.0\.0\.1:1.*\n$/ })
  t.notMatch(failed.stderr, 'S3CR3T')
})

t.test('serve names the setting of a port that is taken', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo

  const cli = cliIn(t, { PORT: String(port) })
  cli.write('sallyport.yaml', configWith(sqlite))
  await cli.run('key', 'generate', '--file', 'keys.json')
  t.match(await cli.run('serve'), {
    code: 1,
    stderr: `sallyport: port ${port} is in use; set listen.port to a free one\n`,
  })
})

t.test('an older Node is told so, before anything else is loaded', async (t) => {
  for (const version of ['22.20.9', '23.11.0', '24.8.0']) {
    const pretend = `data:text/javascript,Object.defineProperty(process, "versions", { value: { node: "${version}" } })`
    const { status, stderr } = spawnSync(process.execPath, ['--import', pretend, main, 'check'], {
      encoding: 'utf8',
    })
    t.equal(status, 1)
    t.match(stderr, /^Sallyport needs Node 22\.21, 24\.9 or newer; this is v[\d.]+\n$/)
  }
})

t.test('a pipe that is closed early is not a failure', async (t) => {
  const command = `"${process.execPath}" "${main}" token issue --help | head -n 1`
  t.equal(execFileSync('bash', ['-o', 'pipefail', '-c', command], { encoding: 'utf8' }).split('\n').length, 2)
})
