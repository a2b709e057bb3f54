/**
 * What an account ACL grants, and what of it each level sees.
 * @module
 */

import { account, aclHeader, type Case, type Stage } from './cases.ts'

export const aclCases: readonly Case[] = [
  {
    id: 'S1',
    says: 'without an ACL nobody but the owner reads the account',
    async play({ t, grantee }) {
      t.equal((await grantee('GET', account)).status, 403)
    },
  },
  {
    id: 'S2',
    says: 'a reader reads the account, and never its ACL',
    async play({ t, grantee, grant }) {
      await grant('{"read-only":["o:ro"]}')
      const answer = await grantee('HEAD', account)
      t.equal(answer.status, 204)
      t.strictSame(answer.header(aclHeader), [])
    },
  },
  {
    id: 'S3',
    says: 'a reader sets no metadata of the account',
    async play({ t, owner, grantee, grant }) {
      await grant('{"read-only":["o:ro"]}')
      t.equal((await grantee('POST', account, { 'X-Account-Meta-Test': 'v' })).status, 403)
      t.strictSame((await owner('HEAD', account)).header('x-account-meta-test'), [])
    },
  },
  {
    id: 'S4',
    says: 'a writer makes containers, and neither writes the account nor sees its ACL',
    async play({ t, owner, grantee, grant }) {
      await grant('{"read-write":["o:ro"]}')
      t.equal((await grantee('PUT', `${account}/s4`)).status, 201)
      t.equal((await grantee('POST', account, { 'X-Account-Meta-Test': 'v' })).status, 403)
      t.strictSame((await grantee('HEAD', account)).header(aclHeader), [])
      t.equal((await owner('DELETE', `${account}/s4`)).status, 204)
    },
  },
  {
    id: 'S5',
    says: 'an admin reads the ACL',
    async play({ t, grantee, grant }) {
      await grant('{"admin":["o:ro"]}')
      t.strictSame((await grantee('HEAD', account)).header(aclHeader), ['{"admin":["o:ro"]}'])
    },
  },
  {
    id: 'S6',
    says: 'an admin who clears the ACL is out',
    async play({ t, grantee, grant }) {
      await grant('{"admin":["o:ro"]}')
      t.equal((await grantee('POST', account, { [aclHeader]: '{}' })).status, 204)
      t.equal((await grantee('HEAD', account)).status, 403)
    },
  },
  {
    id: 'S7',
    says: 'what is no JSON is refused, and the input shown',
    async play({ t, owner }) {
      const answer = await owner('POST', account, { [aclHeader]: 'yuck' })
      t.equal(answer.status, 400)
      t.equal(answer.body.toString(), invalid("Syntax error in input ('yuck')", 'yuck'))
    },
  },
  {
    id: 'S8',
    says: 'a bad value is refused before anybody asks who sends it',
    async play({ t, anonymous }) {
      t.equal((await anonymous('POST', account, { [aclHeader]: 'yuck' })).status, 400)
    },
  },
  {
    id: 'S9',
    says: 'a good value without a token is 401, and the realm is the account',
    async play({ t, anonymous }) {
      const answer = await anonymous('POST', account, { [aclHeader]: '{}' })
      t.equal(answer.status, 401)
      t.strictSame(answer.header('www-authenticate'), ['Swift realm="AUTH_cases"'])
    },
  },
  {
    id: 'S10',
    says: 'a good value from a stranger is 403',
    async play({ t, stranger }) {
      t.equal((await stranger('POST', account, { [aclHeader]: '{}' })).status, 403)
    },
  },
  refused('S11', 'what is JSON, but no object, is refused', [
    ['["read-only"]', `Syntax error in input ('["read-only"]')`],
    ['null', "Syntax error in input ('null')"],
    ['123', "Syntax error in input ('123')"],
    ['"s"', `Syntax error in input ('"s"')`],
    ['[]', "Syntax error in input ('[]')"],
  ]),
  {
    id: 'S12',
    says: 'every empty value clears the ACL',
    async play({ t, owner, grantee, grant }) {
      for (const empty of ['', '{}', '{ }', '  ']) {
        await grant('{"read-only":["o:ro"]}')
        await grant(empty)
        t.strictSame((await owner('HEAD', account)).header(aclHeader), [])
        t.equal((await grantee('HEAD', account)).status, 403, `«${empty}» lets nobody in`)
      }
    },
  },
  refused('S13', 'names of levels are case-sensitive', [['{"Admin":["a"]}', 'Key "Admin" not recognized']]),
  refused('S14', 'an unknown key is shown in ASCII', [['{"\\u1234":[]}', 'Key "\\u1234" not recognized']]),
  refused('S15', 'the first unknown key of the document is named', [
    ['{"zzz":[],"1":[]}', 'Key "zzz" not recognized'],
  ]),
  refused('S16', 'admin is judged first', [
    ['{"admin":"x","read-write":"y"}', 'Value for key "admin" must be a list'],
  ]),
  refused('S17', 'admin is judged first, wherever it stands', [
    ['{"read-only":[1],"admin":[2]}', 'Elements of "admin" list must be strings'],
  ]),
  refused('S18', 'grantees are strings', [
    ['{"read-only":["a",99]}', 'Elements of "read-only" list must be strings'],
  ]),
  readBack('S19', 'of a repeated key the last counts', '{"admin":["x"],"admin":["y"]}', '{"admin":["y"]}'),
  refused('S20', 'what only Python reads as a number is no string', [
    ['{"admin":[NaN]}', 'Elements of "admin" list must be strings'],
  ]),
  readBack('S21', 'escapes stay escapes', '{"admin":["\\u00e1"]}', '{"admin":["\\u00e1"]}'),
  readBack(
    'S22',
    'bytes of UTF-8 come back as characters of their own',
    utf8('{"admin":["á"]}'),
    '{"admin":["\\u00c3\\u00a1"]}',
  ),
  readBack(
    'S23',
    'levels come back in the order of their names',
    '{"admin":["a"],"read-write":["c"],"read-only":[]}',
    '{"admin":["a"],"read-only":[],"read-write":["c"]}',
  ),
  {
    id: 'S24',
    says: 'two headers are one value that is no JSON',
    async play({ t, owner }) {
      const values = ['{"admin":["a"]}', '{"admin":["b"]}']
      t.equal((await owner('POST', account, { [aclHeader]: values })).status, 400)
    },
  },
]

function refused(
  id: string,
  says: string,
  values: readonly (readonly [value: string, error: string])[],
): Case {
  return {
    id,
    says,
    async play({ t, owner }: Stage) {
      for (const [value, error] of values) {
        const answer = await owner('POST', account, { [aclHeader]: value })
        t.equal(answer.status, 400, value)
        t.equal(answer.body.toString(), invalid(error, value))
      }
    },
  }
}

function readBack(id: string, says: string, value: string, expected: string): Case {
  return {
    id,
    says,
    async play({ t, owner, grant }: Stage) {
      await grant(value)
      t.strictSame((await owner('HEAD', account)).header(aclHeader), [expected])
    },
  }
}

function invalid(error: string, input: string): string {
  return `X-Account-Access-Control invalid: ${error}\n\nInput: ${input}\n`
}

/** The bytes of a text, one character each, as requests take them. */
function utf8(text: string): string {
  return Buffer.from(text).toString('latin1')
}
