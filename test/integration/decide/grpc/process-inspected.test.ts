/**
 * A response that is not for the client: what looks at its head has the last word, and what fails over it shows nothing.
 * @module
 */

import { status } from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import { grant } from '../../../../src/authorize/grant.ts'
import { ProxyAnswer } from '../../../../src/decide/answer.ts'
import { openGrpcServer } from '../../../../src/decide/grpc/grpc-server.ts'
import type { HeldAllowed } from '../../../../src/decide/grpc/tell-process.ts'
import { compileKnownProxies } from '../../../../src/decide/known-proxies.ts'
import { type Refusal, refuse } from '../../../../src/request/refusal.ts'
import { until } from '../../../support/until.ts'
import { secret } from '../asking.ts'
import { openStreams, requestHead, responseHead } from './processing.ts'

type Looks = Pick<HeldAllowed, 'filterHeaders' | 'inspect'>

/** A server whose questions are all allowed, until the response has been looked at. */
async function opened(t: Test, looks: Partial<Looks>) {
  const closed: (Refusal | undefined)[] = []
  const server = await openGrpcServer({
    address: '127.0.0.1',
    port: 0,
    desk: {
      ask: () => {
        const answer = new ProxyAnswer()
        let refused: Refusal | undefined
        answer.once('close', () => closed.push(refused))
        const allowed = {
          granted: { grant: grant('public', undefined, 'read-only') },
          rewriting: { target: '/x', isTargetSame: true, lines: new Map(), changed: [] },
          route: 'things',
          filterHeaders: (lines: readonly string[]) => [...lines],
          inspect: undefined,
          ...looks,
        }
        answer.allow(allowed as unknown as Parameters<ProxyAnswer['allow']>[0], (refusal) => {
          refused = refusal
          answer.writeHead(refusal.status, ['content-length', '2', 'x-why', refusal.code]).end('no')
        })
        return { answered: answer.answered, abandon: () => answer.destroy() }
      },
    },
    identify: compileKnownProxies([{ name: 'edge', secrets: [secret], certificates: [], copies: [] }]),
    onUnproved: () => t.fail('proved'),
    isServing: () => true,
    connectionsMax: 100,
    drainDelayMs: 0,
    drainMs: 200,
  })
  const open = openStreams(t, server.port)
  t.teardown(() => server.close())
  return { open, closed }
}

const verdicts = {
  'a refusal': [() => refuse('cannot_decide', 'the login is stale'), 'cannot_decide'],
  'another credential': [async () => ['authorization', 'another'], 'undecidable'],
} as const

for (const [what, [inspect, code]] of Object.entries(verdicts)) {
  t.test(`${what} takes the place of the response`, async (t) => {
    const { open, closed } = await opened(t, {
      inspect: ({ status }) => (status === 401 ? inspect() : undefined),
    })
    const passing = open()
    await passing.show(requestHead())
    t.equal((await passing.show(responseHead()))?.response.case, 'responseHeaders')
    const { show, ended } = open()
    await show(requestHead())
    const told = await show(responseHead([['x-secret', '1']], '401'))
    t.match(told?.response, {
      case: 'immediateResponse',
      value: {
        status: { code: refuse(code, '').status },
        headers: {
          setHeaders: [{ header: { key: 'x-why', rawValue: Buffer.from(code) } }],
          removeHeaders: [],
        },
        body: Buffer.from('no'),
      },
    })
    t.equal((await ended).code, status.OK)
    t.match(closed, [undefined, { code }])
  })
}

t.test('a filter that fails shows nothing, and closes the question', async (t) => {
  const filterHeaders = () => {
    throw new Error('a defect with x-secret: 1')
  }
  const { open, closed } = await opened(t, { filterHeaders })
  const { show, ended } = open()
  await show(requestHead())
  t.equal(await show(responseHead([['x-secret', '1']])), undefined)
  t.match(await ended, { code: status.INTERNAL, details: 'the question could not be answered' })
  t.equal(closed.length, 1)
})

t.test('bytes that are no message close the question', async (t) => {
  const { open, closed } = await opened(t, {})
  const { show, call, ended } = open()
  await show(requestHead())
  call.write(Buffer.from('ffffff', 'hex'))
  t.not((await ended).code, status.OK)
  await until(() => closed.length === 1)
})
