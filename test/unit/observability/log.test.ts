/**
 * What the log writes, and what it never does.
 * @module
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { Secret } from '../../../src/lib/secret.ts'
import { createLog } from '../../../src/observability/log.ts'
import { compileRedaction } from '../../../src/observability/redaction.ts'

const logModule = new URL('../../../src/observability/log.ts', import.meta.url).href

/** A log that keeps its lines. */
function listen(level: 'debug' | 'warn' | 'silent', queryParameters: readonly string[] = []) {
  const lines: string[] = []
  const redaction = compileRedaction({ headers: ['x-auth-token'], queryParameters })
  const log = createLog({ level, redaction, destination: { write: (line) => lines.push(line) } })
  return { log, lines }
}

t.test('writes one JSON object a line: level, time, fields and a static message', async (t) => {
  const { log, lines } = listen('debug')
  log.info({ route: 'simple', status: 200 }, 'request')
  t.equal(lines.length, 1)
  t.ok(lines[0]?.endsWith('}\n'))
  const line = JSON.parse(lines[0] ?? '')
  t.strictSame(
    { ...line, time: 0 },
    { level: 'info', time: 0, route: 'simple', status: 200, message: 'request' },
  )
  t.match(line.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
})

t.test('writes nothing below its level', async (t) => {
  const warn = listen('warn')
  warn.log.debug({}, 'a')
  warn.log.info({}, 'b')
  warn.log.warn({}, 'c')
  warn.log.error({}, 'd')
  t.strictSame(
    warn.lines.map((line) => JSON.parse(line).message),
    ['c', 'd'],
  )
  const silent = listen('silent')
  silent.log.error({}, 'e')
  t.equal(silent.lines.length, 0)
})

t.test('keeps a client from forging a line', async (t) => {
  const { log, lines } = listen('debug')
  log.info({ path: '/a\n{"level":"error"}' }, 'request')
  t.equal(lines.join('').trimEnd().split('\n').length, 1)
})

t.test("shows no credential: not of headers, not of a secret, not of a driver's error", async (t) => {
  const { log, lines } = listen('debug')
  log.info({ headers: { 'X-Auth-Token': 's3cret', accept: '*/*' }, secret: new Secret('s3cret') }, 'a')
  const fault = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', command: { args: ['s3cret'] } })
  log.error({ error: new Error('look-up failed', { cause: fault }) }, 'b')
  log.error({ error: { password: 's3cret' } }, 'c')
  log.error({ error: new Error('no answer from postgres://gate:s3cret@db.example:5432/x') }, 'd')
  t.notMatch(lines.join(''), /s3cret/)
  t.match(JSON.parse(lines[0] ?? ''), { headers: { accept: '*/*' } })
  t.match(lines[3], /postgres:..«redacted»@db\.example/)
  t.match(JSON.parse(lines[1] ?? ''), {
    error: { name: 'Error', message: 'look-up failed', stack: /log\.test/, cause: { code: 'ECONNREFUSED' } },
  })
})

t.test('withholds headers whole while no redaction is known', async (t) => {
  const lines: string[] = []
  const log = createLog({ level: 'info', destination: { write: (line) => lines.push(line) } })
  log.info({ headers: { accept: '*/*', 'x-anything': 's3cret' } }, 'request')
  t.equal(JSON.parse(lines[0] ?? '').headers, '«redacted»')
})

t.test('ends a chain of causes that goes round', async (t) => {
  const { log, lines } = listen('debug')
  const fault = new Error('round')
  fault.cause = fault
  log.error({ error: fault }, 'a')
  t.match(JSON.parse(lines[0] ?? ''), { error: { message: 'round', cause: { message: 'round' } } })
})

t.test('writes to standard error by itself, and loses no line when the process exits', async (t) => {
  const program = `
    import { createLog } from ${JSON.stringify(logModule)}
    const log = createLog({ level: 'info' })
    for (let n = 0; n < 1000; n += 1) log.info({ n }, 'line')
    process.exit(0)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program])
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  t.equal(out, '')
  const lines = err.trimEnd().split('\n')
  t.equal(lines.length, 1000)
  t.equal(JSON.parse(lines[999] ?? '').n, 999)
})
