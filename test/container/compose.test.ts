/**
 * The services of compose.yaml do together what the README says: run by hand, each with what the file gives it, against
 * real servers. Only addresses differ, because all of them share this machine's.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import t, { type Test } from 'tap'
import { tokenTextPattern } from '../../src/tokens/token-text.ts'
import { freePort } from '../support/free-port.ts'
import { startPostgres } from '../support/postgres.ts'
import { request } from '../support/raw-request.ts'
import { startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'
import { root } from './buildah.ts'
import { composeFile, composePath, runOptionsOf, serviceOf } from './compose-file.ts'
import { dataFolder } from './data-folder.ts'
import { imageName, openImage } from './image.ts'
import { type RunOptions, runInImage, startInImage, untilHealthy } from './run-in-image.ts'

const image = openImage(imageName)
t.teardown(() => image.close())

t.test('Compose accepts the file', async (t) => {
  t.doesNotThrow(() =>
    execFileSync('docker-compose', ['--file', composePath, 'config', '--quiet'], { stdio: 'pipe' }),
  )
})

t.test('no secret stands in it, and nothing but the gateway is reached from outside', async (t) => {
  t.notMatch(readFileSync(composePath, 'utf8'), /PASSWORD:|postgres:\/\/|_KEYS?:/)
  for (const [name, { networks, ports }] of Object.entries(composeFile.services)) {
    t.strictSame(networks, name === 'gateway' ? ['front', 'back'] : ['back'], name)
    t.strictSame(ports, name === 'gateway' ? ['127.0.0.1:8080:8080'] : undefined, name)
  }
  t.equal(composeFile.networks.back?.internal, true)
})

t.test('what runs in the image has a root that is read-only, and no capability', async (t) => {
  const ours = Object.keys(composeFile.services).filter((name) => serviceOf(name).image === 'sallyport')
  t.strictSame(ours.toSorted(), ['gateway', 'legacy', 'migrate'])
  for (const name of ours) t.match(serviceOf(name), { read_only: true, cap_drop: ['ALL'] }, name)
})

t.test('keys, migration and gateway run in the order that the file says, and a token works', async (t) => {
  const stage = await startServers(t)
  const run = (name: string, command?: readonly string[]) => {
    const options = stage.optionsOf(name)
    return runInImage(t, image, command === undefined ? options : { ...options, command })
  }

  const [makeKeys, issue] = readmeCommands()
  t.match(await run('gateway', makeKeys), { code: 0 })
  const early = await run('gateway')
  t.equal(early.code, 1, 'not before the migration')
  t.match(early.output, 'migrate')
  stage.writePassword('another')
  t.match(await run('migrate'), { code: 1 }, 'PostgreSQL asks for the password')
  stage.writePassword(stage.password)
  t.match(await run('migrate'), { code: 0, output: /applied/ })
  t.match(await run('migrate'), { code: 0, output: /nothing to do/ }, 'each time the others start')

  const legacy = await startInImage(t, image, stage.legacy)
  const gateway = await startInImage(t, image, stage.optionsOf('gateway'))
  await untilHealthy(t, image, gateway, stage.env)
  await until(async () => (await request(stage.port, { path: '/health' })).status === 200)

  const [token = ''] = new RegExp(tokenTextPattern).exec((await run('gateway', issue)).output) ?? []
  const headers = [['Authorization', `Bearer ${token}`]] as const
  t.equal((await request(stage.port, { path: '/v1/AUTH_alice' })).status, 401)
  t.equal((await request(stage.port, { path: '/v1/AUTH_bob', headers })).status, 403)
  const answer = await request(stage.port, { path: '/v1/AUTH_alice', headers })
  t.equal(answer.status, 200)
  t.match(JSON.parse(answer.body.toString()), { headers: { 'x-sallyport-subject': 'alice' } })
  t.notMatch(answer.body.toString(), token, 'the service did not see the token')

  const ready = await request(stage.adminPort, { path: '/readyz' })
  t.equal(ready.status, 200)
  t.notMatch(ready.body.toString(), /degraded|failed/, 'PostgreSQL and Redis serve it')

  gateway.signal('SIGTERM')
  t.equal(await gateway.ended, 0)
  for (const { output } of [gateway, legacy]) t.notMatch(output(), stage.password)
})

/** What the README has the gateway do besides serving, in its order. */
function readmeCommands(): readonly (readonly string[])[] {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  return [...readme.matchAll(/^docker compose run --rm (?:--no-deps )?gateway (.+)$/gm)].map(
    ([, words = '']) => words.split(' '),
  )
}

/** PostgreSQL and Redis as the file sets them up, and places for its volumes and its secret. */
async function startServers(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-compose-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const password = '0123456789abcdef'
  const secret = join(folder, 'postgres-password')
  const writePassword = (text: string) => writeFileSync(secret, `${text}\n`, { mode: 0o644 })
  writePassword(password)

  const [postgres, redis] = [await startPostgres(['log_min_messages=fatal']), await startRedis()]
  t.teardown(() => Promise.all([postgres.stop(), redis.stop()]))
  await likeTheImage(postgres.url, password)

  const [port, adminPort, legacyPort] = [await freePort(), await freePort(), await freePort()]
  const env = {
    SALLYPORT_ADDRESS: '127.0.0.1',
    SALLYPORT_PORT: String(port),
    SALLYPORT_ADMIN_PORT: String(adminPort),
    SALLYPORT_UPSTREAM: `http://127.0.0.1:${legacyPort}`,
    POSTGRES_ADDRESS: `127.0.0.1:${postgres.port}`,
    REDIS_URL: redis.url,
  }
  const places = { volumes: { keys: dataFolder(t, image) }, secrets: { 'postgres-password': secret } }
  const optionsOf = (name: string): RunOptions => {
    const options = runOptionsOf(name, places)
    return { ...options, env: { ...options.env, ...env } }
  }
  const entrypoint = (serviceOf('legacy').entrypoint ?? []).map((word) =>
    word.replaceAll('9000', String(legacyPort)),
  )
  const legacy = { ...optionsOf('legacy'), entrypoint }
  return { port, adminPort, password, writePassword, env, optionsOf, legacy }
}

/** The user and the database that the image of PostgreSQL makes of its variables. From then on passwords are asked for. */
async function likeTheImage(url: string, password: string): Promise<void> {
  const { POSTGRES_USER: user, POSTGRES_DB: database } = serviceOf('postgres').environment ?? {}
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`CREATE ROLE ${user} LOGIN PASSWORD '${password}'`)
  await client.query(`CREATE DATABASE ${database} OWNER ${user}`)
  const { rows } = await client.query('SHOW hba_file')
  await client.query(
    `COPY (SELECT 'host all ${user} 127.0.0.1/32 scram-sha-256') TO '${rows[0].hba_file}' WITH (FORMAT text)`,
  )
  await client.query('SELECT pg_reload_conf()')
  await client.end()
}
