/**
 * The syntax of `X-Account-Access-Control`, checked before authentication with the error texts that TempAuth
 * has. What is valid is forwarded byte for byte, and Swift reads it again.
 * @module
 */

import { type PythonJson, parsePythonJson } from './python-json.ts'
import { pythonJsonText, pythonRepr } from './python-quoting.ts'
import { stripped, surrogateEscaped } from './wsgi-text.ts'

/** The lists of an account ACL, in the order in which TempAuth checks them. */
const lists = ['admin', 'read-write', 'read-only'] as const

/** What the header of one request says. */
export type AccountAccessControl =
  | { readonly kind: 'absent' }
  /**
   * `aclNamesNobody`: a list holds the empty string, which TempAuth compares with the empty group of a request
   * without a token. So that list grants to everybody.
   */
  | { readonly kind: 'valid'; readonly aclNamesNobody: boolean }
  /** `body`: of the answer 400 in `text/plain; charset=UTF-8`, a text that is to be encoded in UTF-8. */
  | { readonly kind: 'invalid'; readonly error: string; readonly body: string }

const absent: AccountAccessControl = { kind: 'absent' }

/**
 * Check the values of all lines of the header, a byte per character, in order of appearance. WSGI joins them with
 * a comma, so two lines are never valid unless the text as a whole is.
 */
export function checkAccountAccessControl(values: readonly string[]): AccountAccessControl {
  if (values.length === 0) return absent
  const raw = values.map(stripped).join(',')
  const text = surrogateEscaped(raw)
  const acl = text === '' ? new Map<string, PythonJson>() : parsePythonJson(text)
  const error = isObject(acl) ? errorOf(acl) : `Syntax error in input (${pythonRepr(text)})`
  if (error !== undefined)
    return { kind: 'invalid', error, body: `X-Account-Access-Control invalid: ${error}\n\nInput: ${raw}\n` }
  return { kind: 'valid', aclNamesNobody: isObject(acl) && namesNobody(acl) }
}

function errorOf(acl: ReadonlyMap<string, PythonJson>): string | undefined {
  for (const key of acl.keys())
    if (!(lists as readonly string[]).includes(key)) return `Key ${pythonJsonText(key)} not recognized`
  for (const key of lists) {
    const grantees = acl.get(key)
    if (grantees === undefined) continue
    if (!Array.isArray(grantees)) return `Value for key "${key}" must be a list`
    if (!grantees.every((grantee) => typeof grantee === 'string'))
      return `Elements of "${key}" list must be strings`
  }
  return undefined
}

function namesNobody(acl: ReadonlyMap<string, PythonJson>): boolean {
  return lists.some((key) => {
    const grantees = acl.get(key)
    return Array.isArray(grantees) && grantees.includes('')
  })
}

function isObject(value: PythonJson | undefined): value is ReadonlyMap<string, PythonJson> {
  return value instanceof Map
}
