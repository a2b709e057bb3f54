/**
 * What an attacker sends instead of a credential: nothing but one scheme, one space and one plain text opens
 * the gate, and whatever does not is answered 400 or 401 with the upstream none the wiser.
 * @module
 */

import fc from 'fast-check'
import t, { type Test } from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'

const token68 = /^[A-Za-z0-9\-._~+/]+=*$/

t.test('no line of Authorization passes but the one of the grammar', async (t) => {
  const { upstream, text, send } = await start(t)
  const piece = fc.constantFrom(
    ...['Bearer', 'bearer', 'BEARER', 'Bearer,', 'Token', 'Basic', text, text, text.slice(1), `"${text}"`],
    ...[' ', ' ', '  ', '\t', ',', ', ', ';', '=', ':', '\u00a0', '\u00ff', '\u0085', '%20', 'a', '"'],
  )
  let passed = 0
  const property = fc.asyncProperty(fc.array(piece, { maxLength: 5 }), async (pieces) => {
    const value = pieces.join('')
    const before = upstream.requests.length
    const status = await send(`Authorization: ${value}\r\n`)
    // The field's value is what stands between the white space around it (RFC 9110 section 5.5).
    const [scheme, ...rest] = value.replaceAll(/^[ \t]+|[ \t]+$/g, '').split(' ')
    const isGood = scheme?.toLowerCase() === 'bearer' && rest.length === 1 && rest[0] === text
    const expected = isGood ? [200] : [400, 401]
    if (!expected.includes(status)) throw new Error(`${JSON.stringify(value)}: ${status}`)
    if (upstream.requests.length - before !== Number(isGood)) throw new Error(`forwarded: ${value}`)
    passed += Number(isGood)
  })
  await fc.assert(property, {
    numRuns: 300,
    examples: [[['Bearer', ' ', text]], [['bearer', ' ', text, ' ']], [['Bearer', '  ', text]]],
  })
  t.ok(passed > 1, 'the good ones among them passed')
})

t.test('a text beyond the grammar is a malformed request, within it an unknown token', async (t) => {
  const { upstream, text, send } = await start(t)
  const any = fc.string({
    unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)),
  })
  const plain = fc.stringMatching(token68)
  const near = fc.tuple(fc.nat(text.length - 1), fc.constantFrom(...'0aZ-._~+/=,"')).map(([at, letter]) => {
    return text.slice(0, at) + letter + text.slice(at + 1)
  })
  await fc.assert(
    fc.asyncProperty(fc.oneof(any, plain, near), async (credential) => {
      // DEL and C1 are no white space, yet nothing that a field may hold or a token has.
      if (credential === text) return
      const status = await send(`Authorization: Bearer ${credential}\r\n`)
      const expected = token68.test(credential) ? 401 : 400
      if (status !== expected) throw new Error(`${JSON.stringify(credential)}: ${status}`)
    }),
    { numRuns: 300 },
  )
  t.strictSame(upstream.requests, [])
})

t.test('no arrangement of two credentials passes, even of the same one', async (t) => {
  const { upstream, text, send } = await start(t)
  const name = fc.constantFrom(
    'Authorization',
    'authorization',
    'AUTHORIZATION',
    'X-Auth-Token',
    'x-auth-token',
  )
  const value = fc.constantFrom(`Bearer ${text}`, text, 'Bearer', '', `Basic ${text}`, 'Negotiate YII=')
  const line = fc.tuple(name, value).map(([header, content]) => `${header}: ${content}\r\n`)
  const query = fc.constantFrom('', `?access_token=${text}`, '?Access%5FToken=', `?a=1&access_token=${text}`)
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 4 }), query, async (lines, search) => {
      const count = lines.length + Number(search !== '')
      fc.pre(count > 1)
      const status = await send(lines.join('X-Between: 1\r\n'), search)
      if (status !== 400) throw new Error(`${lines.join('')}${search}: ${status}`)
    }),
    { numRuns: 200 },
  )
  t.strictSame(upstream.requests, [])
})

t.test('lengths, continuation lines and control characters are refused', async (t) => {
  const { gateway, upstream, text, send } = await start(t)
  const cases: readonly (readonly [name: string, lines: string, status: number])[] = [
    ['5000 characters', `Authorization: Bearer ${'a'.repeat(5_000)}\r\n`, 400],
    ['4097 characters', `Authorization: Bearer ${'a'.repeat(4_097)}\r\n`, 400],
    ['4096 characters', `Authorization: Bearer ${'a'.repeat(4_096)}\r\n`, 401],
    ['5000 characters of Basic', `Authorization: Basic ${'a'.repeat(5_000)}\r\n`, 400],
    ['a token with a tail', `Authorization: Bearer ${text}${'='.repeat(20)}\r\n`, 401],
    ['a tab for the space', `Authorization: Bearer\t${text}\r\n`, 401],
    ['a folded line', `Authorization: Bearer\r\n ${text}\r\n`, 400],
    ['a bare line feed', `Authorization: Bearer ${text}\nX-More: 1\r\n`, 400],
    ['a NUL', `Authorization: Bearer ${text}\u0000\r\n`, 400],
    ['a vertical tab', `Authorization: Bearer\u000b${text}\r\n`, 400],
    ['DEL', `Authorization: Bearer ${text}\u007f\r\n`, 400],
    ['a no-break space', `Authorization: Bearer\u00a0${text}\r\n`, 401],
    ['a space before the colon', `Authorization : Bearer ${text}\r\n`, 400],
    ['a list', `Authorization: Bearer ${text}, Bearer ${text}\r\n`, 400],
    ['parameters', `Authorization: Bearer token="${text}"\r\n`, 400],
    ['nothing', 'Authorization:\r\n', 401],
    ['the scheme alone', 'Authorization: Bearer\r\n', 400],
    ['the name with «_»', `X_Auth_Token: ${text}\r\n`, 400],
  ]
  for (const [name, lines, status] of cases) t.equal(await send(lines), status, name)
  t.strictSame(upstream.requests, [])
  t.notMatch(JSON.stringify(gateway.log), text)
})

async function start(t: Test) {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [
      {
        match: { path: '/{rest*}' },
        credentials: ['bearer', 'basic', { header: 'X-Auth-Token' }, { query: 'access_token' }],
      },
    ],
  })
  const { text } = await gateway.issue()
  return {
    gateway,
    upstream,
    text,
    send: async (lines: string, query = '') =>
      (await gateway.raw(`GET /x${query} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`)).status,
  }
}
