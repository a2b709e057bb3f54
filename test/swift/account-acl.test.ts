/**
 * What Swift makes of every value of `X-Account-Access-Control`: the sentence that refuses it, or the form in
 * which an owner reads it back.
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startSwiftGateway } from './gateway.ts'
import { callerOf, directly } from './ways.ts'

type Vector = { readonly input: string } & (
  | { readonly status: 'ok'; readonly owner_reads_back: string | null }
  | { readonly status: 400; readonly error: string }
)

const { vectors } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'vectors/account-acl.json'), 'utf8'),
) as { readonly vectors: readonly Vector[] }

const target = '/v1/AUTH_vectors'

for (const way of [directly(), (await startSwiftGateway(t)).way]) {
  t.test(
    `${way.name}, a value of the ACL header is refused in Swift's words or read back in its form`,
    async (t) => {
      const owner = await callerOf(way, 'vectors:owner')
      const readBack = async () => (await owner('HEAD', target)).header('x-account-access-control')
      for (const vector of vectors) {
        const name = JSON.stringify(vector.input)
        await owner('POST', target, { 'X-Account-Access-Control': '{"read-only":["before"]}' })
        // Bytes of UTF-8, one character each, as the socket takes them.
        const bytes = Buffer.from(vector.input).toString('latin1')
        const answer = await owner('POST', target, { 'X-Account-Access-Control': bytes })
        if (way.isGuarded && bytes.includes('\u007f')) {
          t.equal(answer.status, 400, `${name} holds what a header may not hold`)
          t.strictSame(await readBack(), ['{"read-only":["before"]}'], `${name} changes nothing`)
          continue
        }
        if (vector.status === 'ok') {
          t.equal(answer.status, 204, `${name} is taken`)
          const { owner_reads_back: expected } = vector
          t.strictSame(await readBack(), expected === null ? [] : [expected], `${name} is read back`)
          continue
        }
        t.equal(answer.status, 400, `${name} is refused`)
        t.strictSame(answer.header('content-type'), ['text/plain; charset=UTF-8'])
        // Swift shows the input as if each of its bytes were a character.
        const sentence = `X-Account-Access-Control invalid: ${vector.error}\n\nInput: ${bytes}\n`
        t.equal(answer.body.toString(), sentence, `${name} is refused for its reason`)
        t.strictSame(await readBack(), ['{"read-only":["before"]}'], `${name} changes nothing`)
      }
    },
  )
}
