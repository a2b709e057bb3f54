/**
 * What a reference yields, and that nothing it yields can change the configuration around it.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { interpolate } from '../../../src/config/interpolate.ts'
import { parseYaml } from '../../../src/config/parse-yaml.ts'

const folder = t.testdir({ 'secret.txt': 'hunter2\n', 'two-lines.txt': 'a\r\n\r\n', 'empty.txt': '' })
const env = { NAME: 'value', EMPTY: '', NESTED: '${env:NAME}', DOLLARS: '$& $1 $$' }

function resolve(text: string) {
  const problems: string[] = []
  return { text: interpolate(text, { env, folder }, (problem) => problems.push(problem)), problems }
}

t.test('replaces references to variables, defaults and files', async (t) => {
  const cases: readonly [string, string][] = [
    ['plain', 'plain'],
    ['${env:NAME}', 'value'],
    ['a-${env:NAME}-${env:NAME}-b', 'a-value-value-b'],
    ['${env:NONE:-8080}', '8080'],
    ['${env:NONE:-}', ''],
    ['${env:NONE:-redis://host:6379/0}', 'redis://host:6379/0'],
    ['${env:EMPTY:-8080}', '8080'],
    ['${env:NAME:-other}', 'value'],
    ['${env:DOLLARS}', '$& $1 $$'],
    ['${file:secret.txt}', 'hunter2'],
    [`\${file:${join(folder, 'secret.txt')}}`, 'hunter2'],
    ['${file:two-lines.txt}', 'a\r\n'],
    ['${file:empty.txt}', ''],
    ['$NAME {env:NAME} $', '$NAME {env:NAME} $'],
  ]
  for (const [text, expected] of cases) t.same(resolve(text), { text: expected, problems: [] }, text)
})

t.test('«$${» stands for «${»', async (t) => {
  t.equal(resolve('$${env:NAME}').text, '${env:NAME}')
  t.equal(resolve('$$${env:NAME}').text, '$${env:NAME}')
})

t.test('what a reference yields is not searched for references', async (t) => {
  t.same(resolve('${env:NESTED}'), { text: '${env:NAME}', problems: [] })
})

t.test('a reference that yields nothing is a problem', async (t) => {
  const cases: readonly [string, RegExp][] = [
    ['${env:NONE}', /the environment variable NONE is not set or empty/],
    ['${env:EMPTY}', /EMPTY is not set or empty/],
    ['${env:__proto__}', /__proto__ is not set/],
    ['${env:constructor}', /constructor is not set/],
    ['${file:absent.txt}', /the file absent\.txt does not exist/],
    ['${file:.}', /is not a regular file/],
    ['${NAME}', /neither/],
    ['${env:}', /neither/],
    ['${env:A-B}', /neither/],
    ['${file:}', /neither/],
    ['${env:NAME', /not closed/],
  ]
  for (const [text, problem] of cases) {
    t.match(resolve(text).problems, [problem], text)
    t.equal(resolve(text).problems.length, 1, text)
  }
})

t.test('a pipe, a large file and bytes that are not text are refused', async (t) => {
  execFileSync('mkfifo', [join(folder, 'pipe')])
  writeFileSync(join(folder, 'large'), Buffer.alloc(1024 * 1024 + 1, 'a'))
  writeFileSync(join(folder, 'binary'), Buffer.from([0xff, 0xfe]))
  t.match(resolve('${file:pipe}').problems, [/is not a regular file/])
  t.match(resolve('${file:large}').problems, [/is larger than 1 MiB/])
  t.match(resolve('${file:binary}').problems, [/is not UTF-8 text/])
})

t.test('whatever a variable holds, the value is that text and the structure is untouched', async (t) => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '\nother: 1',
      '"',
      "'",
      '*a',
      '&a b',
      '!!int 1',
      '[',
      '{',
      '# x',
      '- a',
      ': ',
      '${env:X}',
      '|',
    ),
  )
  const file = 'a: ${env:X}\nb: [1, "${env:X}"]\nc: >-\n  ${env:X}\nd: { e: "x${env:X}y" }\n'
  fc.assert(
    fc.property(fc.array(nasty, { minLength: 1, maxLength: 4 }), (parts) => {
      const x = parts.join('')
      fc.pre(x !== '')
      const { value } = parseYaml(file, {
        scalar: (text) => interpolate(text, { env: { X: x }, folder }, (problem) => t.fail(problem)),
        malformed: (_line, message) => t.fail(message),
      })
      t.same(value, { a: x, b: [1, x], c: x, d: { e: `x${x}y` } })
    }),
  )
})
