/**
 * Text from a record is shown as text, whatever it holds.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { printable } from '../../../src/cli/terminal.ts'

t.test('control and direction characters are written out', async (t) => {
  t.equal(printable('a\u001b[2Jb'), 'a\\u001b[2Jb')
  t.equal(printable('a\nb\u202ec\u2028d'), 'a\\u000ab\\u202ec\\u2028d')
  t.equal(printable('«Grüße» 🙂'), '«Grüße» 🙂')
})

t.test('nothing that is shown can move the cursor or turn the direction of reading', async () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      (text) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(printable(text)),
    ),
  )
})
