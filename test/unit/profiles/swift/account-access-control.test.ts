/**
 * A bad `X-Account-Access-Control` is answered in Swift's own words, and a good one is told apart from one that
 * opens an account to everybody.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { checkAccountAccessControl } from '../../../../src/profiles/swift/account-access-control.ts'
import { nestingMax } from '../../../../src/profiles/swift/python-json.ts'
import { vectors } from './vectors.ts'

interface HeaderCase {
  readonly values: readonly string[]
  readonly body?: string
  readonly nobody?: boolean
}

interface SharedVector {
  readonly input: string
  readonly status: 'ok' | 400
  readonly error?: string
}

const bytes = (text: string) => Buffer.from(text).toString('latin1')
const bodyOf = (text: string) => {
  const found = checkAccountAccessControl([bytes(text)])
  return found.kind === 'invalid' ? found.body : found.kind
}

t.test('answers as TempAuth does, letter for letter', async (t) => {
  for (const { values, body, nobody } of vectors<HeaderCase>('account-access-control-cases.json')) {
    const found = checkAccountAccessControl(values)
    if (body === undefined) t.strictSame(found, { kind: 'valid', aclNamesNobody: nobody }, values.join(' | '))
    else t.hasStrict(found, { kind: 'invalid', body }, values.join(' | '))
  }
})

t.test('agrees with what Swift was seen to accept and to refuse', async (t) => {
  for (const { input, status, error } of vectors<SharedVector>('swift-account-acl.json', 'vectors')) {
    const found = checkAccountAccessControl([bytes(input)])
    if (status === 'ok') t.equal(found.kind, 'valid', input)
    else t.hasStrict(found, { kind: 'invalid', error }, input)
  }
})

t.test('says nothing of a header that is not there, and takes an empty one for an empty list', async (t) => {
  t.strictSame(checkAccountAccessControl([]), { kind: 'absent' })
  for (const value of ['', ' \t', '{}', '{ }'])
    t.strictSame(checkAccountAccessControl([value]), { kind: 'valid', aclNamesNobody: false }, value)
})

t.test('the body repeats the input, whose bytes Swift encodes once more', async (t) => {
  t.equal(bodyOf('yuck'), "X-Account-Access-Control invalid: Syntax error in input ('yuck')\n\nInput: yuck\n")
  const odd = "X-Account-Access-Control invalid: Syntax error in input ('á')\n\nInput: \u00c3\u00a1\n"
  t.equal(bodyOf('á'), odd)
})

t.test('a list that holds the empty string grants to everybody', async (t) => {
  const names = (value: string) => checkAccountAccessControl([value])
  t.hasStrict(names('{"read-only":["a",""]}'), { aclNamesNobody: true })
  t.hasStrict(names('{"admin":[""],"admin":["a"]}'), { aclNamesNobody: false }, 'the last list counts')
  t.hasStrict(names('{"admin":["a"],"admin":[""]}'), { aclNamesNobody: true })
  t.hasStrict(names('{"admin":[" "]}'), { aclNamesNobody: false })
})

t.test('two lines are one value with a comma between', async (t) => {
  t.equal(checkAccountAccessControl(['{"admin":["a"]}', '{"admin":["b"]}']).kind, 'invalid')
  t.equal(checkAccountAccessControl(['{"admin":["a"', '"b"]}']).kind, 'valid')
})

t.test('nesting ends at a fixed depth, long before the stack does', async (t) => {
  const nested = (depth: number) => `{"admin":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
  t.match(bodyOf(nested(nestingMax)), 'Elements of "admin" list must be strings')
  t.match(bodyOf(nested(nestingMax + 1)), 'Syntax error')
  t.match(bodyOf('['.repeat(100_000)), 'Syntax error')
})

t.test('an integer that Python would not convert is a syntax error', async (t) => {
  t.match(bodyOf(`{"admin":[-${'9'.repeat(4300)}]}`), 'Elements of')
  t.match(bodyOf(`{"admin":[${'9'.repeat(4301)}]}`), 'Syntax error')
  t.match(bodyOf(`{"admin":[${'9'.repeat(4301)}.5]}`), 'Elements of', 'a fraction is no integer')
})

const grantee = fc.string({ unit: 'grapheme', maxLength: 6 })
const list = fc.array(grantee, { maxLength: 4 })
const acl = fc.record({ admin: list, 'read-write': list, 'read-only': list }, { requiredKeys: [] })

t.test('every list of texts is valid, spaced and escaped or not', async () => {
  fc.assert(
    fc.property(acl, fc.constantFrom(undefined, 1, '\t'), fc.boolean(), (value, spacing, ascii) => {
      const text = JSON.stringify(value, undefined, spacing)
      const written = ascii ? text.replace(/[^\0-~]/g, escaped) : text
      const found = checkAccountAccessControl([bytes(written)])
      const nobody = Object.values(value).some((grantees) => grantees?.includes(''))
      if (found.kind !== 'valid' || found.aclNamesNobody !== nobody)
        throw new Error(`${written}: ${found.kind}`)
    }),
  )
})

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

t.test('whatever strict JSON refuses is refused, but for what Python adds', async () => {
  const piece = fc.constantFrom(...'{}[]",:\\ \t\n0-1.e', '"admin"', '"a"', 'null', 'true', '{"admin":["a"]}')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const text = pieces.join('')
      const found = checkAccountAccessControl([text]).kind
      if (text.trim() !== '' && found === 'valid' && !isStrictJson(text)) throw new Error(text)
    }),
    { numRuns: 2000 },
  )
})

function isStrictJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
