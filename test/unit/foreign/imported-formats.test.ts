/**
 * Which texts are worth a look-up: those of formats that tokens were imported of.
 * @module
 */

import t from 'tap'
import { Secret } from '../../../src/lib/secret.ts'
import type { ImportedFormat } from '../../../src/tokens/foreign/foreign-record.ts'
import { ImportedFormats } from '../../../src/tokens/foreign/imported-formats.ts'
import { countingPool, vectors } from '../formats/vectors.ts'

const gocdText = new Secret(vectors.gocd[1]?.display_token ?? '')
const gocd = { format: 'gocd', cost: 4096 }

/** Over a record that a test can change, break and count. */
function formatsOver(rows: readonly ImportedFormat[]) {
  const record = { rows, reads: 0, isDown: false }
  const failures: unknown[] = []
  const formats = new ImportedFormats({
    record: {
      formats: async () => {
        record.reads++
        if (record.isDown) throw new Error('down')
        return record.rows
      },
    },
    hashes: countingPool().pool,
    onFailure: (error) => failures.push(error),
  })
  t.teardown(() => formats.stop())
  return { formats, record, failures }
}

const settled = () => new Promise(setImmediate)

t.test('a text is recognised once its format is imported, and the change feed tells', async (t) => {
  const { formats, record } = formatsOver([])
  await formats.start()
  t.equal(formats.recognise(gocdText), undefined)
  record.rows = [gocd]
  t.equal(formats.recognise(gocdText), undefined, 'nobody told yet')
  formats.changed()
  await settled()
  t.match(formats.recognise(gocdText)?.formats, [{ locator: '30bd353a', costs: [4096] }])
  t.equal(formats.recognise(new Secret('something else')), undefined)
})

t.test('a text that several formats fit is claimed as all of them', async (t) => {
  const { formats } = formatsOver([gocd, { format: 'sha256', cost: 1 }])
  await formats.start()
  const claim = formats.recognise(gocdText)
  t.same(claim?.formats.map(({ format }) => format.name).toSorted(), ['gocd', 'sha256'])
  t.notMatch(JSON.stringify(claim), gocdText.reveal())
})

t.test('a format that this release does not know is left out', async (t) => {
  const { formats } = formatsOver([{ format: 'of-tomorrow', cost: 1 }, gocd])
  await formats.start()
  t.equal(formats.recognise(gocdText)?.formats.length, 1)
})

t.test('what was known stays while the record cannot be read', async (t) => {
  const { formats, record, failures } = formatsOver([gocd])
  await formats.start()
  record.isDown = true
  formats.reset()
  await settled()
  t.equal(failures.length, 1)
  t.ok(formats.recognise(gocdText))
})

t.test('a gateway that cannot know does not start', async (t) => {
  const { formats, record } = formatsOver([])
  record.isDown = true
  await t.rejects(formats.start(), { message: 'down' })
})

t.test('a burst of changes is one read and one more, not one for each', async (t) => {
  const { formats, record } = formatsOver([gocd])
  await formats.start()
  for (let change = 0; change < 50; change++) formats.changed()
  await settled()
  t.ok(record.reads <= 3, `${record.reads} reads`)
})
