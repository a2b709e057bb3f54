/**
 * Public keys of Sentry's DSNs.
 * @module
 */

import t from 'tap'
import { sentryDsn } from '../../../src/tokens/formats/sentry-dsn.ts'
import { countingPool, misspelt } from './vectors.ts'

const publicKey = '0123456789abcdef0123456789abcdef'

t.test('a key is recognised, proven, and known to be public', async (t) => {
  const { pool } = countingPool()
  const read = sentryDsn.read({ publicKey })
  if (typeof read === 'string') throw new Error(read)
  t.equal(read.publicText, publicKey)
  t.equal(sentryDsn.recognise(publicKey, pool), read.locator)
  t.equal(await sentryDsn.verify(publicKey, read.verifier, pool), true)
  t.equal(await sentryDsn.verify(misspelt(publicKey), read.verifier, pool), false)
  t.equal(await sentryDsn.verify(publicKey, sentryDsn.decoy(1), pool), false)
})

t.test('nothing but 32 lower-case hex digits is a key', async (t) => {
  const { pool } = countingPool()
  for (const other of ['', publicKey.slice(1), `${publicKey}0`, publicKey.toUpperCase(), `${publicKey}\n`]) {
    t.equal(sentryDsn.recognise(other, pool), undefined, JSON.stringify(other))
    t.match(sentryDsn.read({ publicKey: other }), /^publicKey must be 32/)
  }
  t.match(sentryDsn.read({}), /^publicKey must be 32/)
})
