/**
 * `traceparent` and `tracestate` are read as W3C Trace Context has them, and anything else is nothing.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { readTraceContext } from '../../../src/observability/tracing/trace-context.ts'

const hex = (digits: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits })
const id = (digits: number) => hex(digits).filter((text) => /[1-9a-f]/.test(text))
const version = hex(2).filter((text) => text !== 'ff')

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const good = `00-${traceId}-${spanId}-01`

t.test('what is well formed is read as it was written', async (t) => {
  fc.assert(
    fc.property(version, id(32), id(16), hex(2), fc.string(), (version, traceId, spanId, flags, more) => {
      const rest = version === '00' || /[\r\n]/.test(more) ? '' : `-${more}`
      const context = readTraceContext([
        'X',
        'y',
        'TraceParent',
        `${version}-${traceId}-${spanId}-${flags}${rest}`,
      ])
      t.strictSame(context, {
        traceId,
        spanId,
        isSampled: Number.parseInt(flags, 16) % 2 === 1,
        state: undefined,
      })
    }),
  )
})

t.test('whatever is sent, what is read could have been written', async (t) => {
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...'0f-A '), maxLength: 60 }),
    fc.tuple(fc.constant(good), fc.nat(good.length), fc.string({ maxLength: 2 })).map(([text, at, put]) => {
      return text.slice(0, at) + put + text.slice(at + put.length)
    }),
  )
  fc.assert(
    fc.property(texts, fc.array(fc.string()), (text, states) => {
      const lines = states.flatMap((state) => ['tracestate', state])
      const context = readTraceContext(['traceparent', text, ...lines])
      if (context === undefined) return
      t.match(context.traceId, /^(?!0{32})[0-9a-f]{32}$/)
      t.match(context.spanId, /^(?!0{16})[0-9a-f]{16}$/)
      t.match(context.state ?? 'a=b', /^[\x20-\x7e]{3,512}$/)
    }),
    { numRuns: 1000 },
  )
})

t.test('what is malformed is nothing', async (t) => {
  for (const text of [
    '',
    `${good} `,
    ` ${good}`,
    `${good}-`,
    good.toUpperCase(),
    good.replace('00-', 'ff-'),
    good.replace('00-', '0-'),
    good.replaceAll('-', '_'),
    `${good},${good}`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-0g`,
    `01-${traceId}-${spanId}-01more`,
  ]) {
    t.equal(readTraceContext(['traceparent', text]), undefined, text)
  }
  t.equal(readTraceContext(['traceparent', good, 'Traceparent', good]), undefined)
  t.equal(readTraceContext(['tracestate', 'a=1']), undefined)
})

t.test('what others say goes on in one line, and whole or not at all', async (t) => {
  const stateOf = (...lines: string[]) =>
    readTraceContext(['traceparent', good, ...lines.flatMap((line) => ['tracestate', line])])?.state
  t.equal(stateOf('a=1', 'b@c=2'), 'a=1,b@c=2')
  t.equal(stateOf('a=1 ,, b=x y'), 'a=1,b=x y')
  t.equal(stateOf('a=1,a=2'), undefined, 'twice')
  t.equal(stateOf('a=1', 'garbage'), undefined)
  t.equal(stateOf('A=1'), undefined)
  t.equal(stateOf('a=é'), undefined)
  t.equal(stateOf(' , '), undefined)
  const members = (count: number) => Array.from({ length: count }, (_, index) => `k${index}=1`).join(',')
  t.equal(stateOf(members(32)), members(32))
  t.equal(stateOf(members(33)), undefined)
  t.equal(stateOf(`a=${'x'.repeat(256)},b=${'x'.repeat(251)}`)?.length, 512)
  t.equal(stateOf(`a=${'x'.repeat(256)},b=${'x'.repeat(252)}`), undefined)
})
