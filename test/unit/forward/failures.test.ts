/**
 * What is held against a target, and what is not: a client must not be able to take one out by breaking off.
 * @module
 */

import t from 'tap'
import {
  connectionEnded,
  isFaultOfTarget,
  isWorthAnotherTarget,
} from '../../../src/forward/balance/failures.ts'

const withCode = (code: string) => Object.assign(new Error('x'), { code })

t.test('a body that broke off, the end of the gateway and what nobody knows blame no target', async (t) => {
  for (const code of [
    'HTTP1_REQUEST',
    'HTTP2_REQUEST',
    'HTTP2_CLOSED',
    'HTTP2_BUSY',
    'HTTP2_REFUSED',
    'HTTP1_CLOSED',
    'UND_ERR_DESTROYED',
    'UND_ERR_ABORTED',
    'X',
  ]) {
    t.notOk(isFaultOfTarget(withCode(code)), code)
    t.notOk(isWorthAnotherTarget(withCode(code)), code)
    t.notOk(connectionEnded(withCode(code)), code)
  }
})

t.test(
  'a target that is out of reach, hangs up, is silent or cannot prove its name is to blame',
  async (t) => {
    for (const code of [
      'ECONNREFUSED',
      'ENOENT',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'CERT_HAS_EXPIRED',
      'ECONNRESET',
    ]) {
      t.ok(isFaultOfTarget(withCode(code)), code)
      t.ok(isWorthAnotherTarget(withCode(code)), code)
    }
    for (const code of ['HTTP1_HEAD_TIMEOUT', 'HTTP1_RESPONSE', 'UND_ERR_HEADERS_TIMEOUT']) {
      t.ok(isFaultOfTarget(withCode(code)), code)
      t.notOk(isWorthAnotherTarget(withCode(code)), `${code}: it has waited, or was answered`)
      t.notOk(connectionEnded(withCode(code)), code)
    }
  },
)
