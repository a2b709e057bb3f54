/**
 * What is sent twice: nothing, unless the settings say so; and what was not sent at all goes elsewhere.
 * @module
 */

import t from 'tap'
import { type Answer, type StagedTarget, startStage } from './stage.ts'

const hangUp: Answer = (request) => void request.socket.destroy()
const total = (targets: readonly StagedTarget[]) => targets.reduce((sum, { seen }) => sum + seen.length, 0)

t.test('a request for which no connection is made goes to another target, body and all', async (t) => {
  const { targets, ask } = await startStage(t, 3, { ejection: { failures: 1000 } })
  const [first, second, third] = targets
  await first?.kill()
  await second?.kill()
  let received = ''
  if (third !== undefined) {
    third.answer = (request, response) => {
      request.on('data', (bytes: Buffer) => {
        received += bytes.toString()
      })
      request.on('end', () => response.end('kept'))
    }
  }
  for (const index of [1, 2, 3, 4, 5, 6]) {
    const answer = await ask('POST', `/${index}`, `body ${index};`)
    t.strictSame([answer.status, answer.body.toString()], [200, 'kept'])
  }
  t.equal(received, 'body 1;body 2;body 3;body 4;body 5;body 6;')
  t.strictSame(
    third?.seen,
    [1, 2, 3, 4, 5, 6].map((index) => `POST /${index}`),
  )
})

t.test('nothing that was sent is sent again by default', async (t) => {
  const { targets, ask } = await startStage(t, 2, { ejection: { failures: 1000 } })
  for (const target of targets) target.answer = hangUp
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE']) {
    const before = total(targets)
    t.equal((await ask(method)).status, 502)
    t.equal(total(targets), before + 1, method)
  }
})

t.test('with «idempotent», what only reads is sent once more, and nothing else is', async (t) => {
  const { targets, ask } = await startStage(t, 2, {
    ejection: { failures: 1000 },
    retry: { idempotent: true },
  })
  for (const target of targets) target.answer = hangUp
  for (const [method, body, sent] of [
    ['GET', '', 2],
    ['HEAD', '', 2],
    ['OPTIONS', '', 2],
    ['GET', 'body', 1],
    ['POST', 'body', 1],
    ['POST', '', 1],
    ['PUT', 'body', 1],
    ['DELETE', '', 1],
  ] as const) {
    const before = total(targets)
    t.equal((await ask(method, '/a', body)).status, 502)
    t.equal(total(targets), before + sent, `${method} ${body}`)
  }
})

t.test('the second time it goes to another target, or to the only one', async (t) => {
  for (const count of [1, 2]) {
    const { targets, ask } = await startStage(t, count, { retry: { idempotent: true } })
    let isFirst = true
    for (const target of targets) {
      target.answer = (request, response) => {
        if (isFirst) request.socket.destroy()
        else response.end('second')
        isFirst = false
      }
    }
    t.equal((await ask()).body.toString(), 'second')
    t.strictSame(
      targets.map(({ seen }) => seen.length),
      count === 1 ? [2] : [1, 1],
    )
  }
})

t.test('behind a byte of an answer nothing is sent again', async (t) => {
  const pieces = ['H', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf']
  for (const piece of pieces) {
    const { targets, ask } = await startStage(t, 2, { retry: { idempotent: true } })
    for (const target of targets) target.answer = (request) => void request.socket.end(piece)
    const answer = await ask().catch(() => undefined)
    t.not(answer?.status, 200)
    t.equal(total(targets), 1, piece)
  }
})

t.test('a request that took too long is not sent again', async (t) => {
  const { targets, ask } = await startStage(t, 2, {
    retry: { idempotent: true },
    timeouts: { headers: '100ms' },
  })
  for (const target of targets) target.answer = () => {}
  t.equal((await ask()).status, 504)
  t.equal(total(targets), 1)
})

t.test('no more is sent again than the budget allows', async (t) => {
  for (const [budget, again] of [
    ['10%', 16],
    ['0%', 0],
  ] as const) {
    const { targets, load } = await startStage(t, 2, {
      ejection: { failures: 1000 },
      retry: { idempotent: true, budget },
    })
    for (const target of targets) target.answer = hangUp
    t.strictSame(await load(70, 1), { 502: 70 })
    const repeated = total(targets) - 70
    t.ok(repeated >= again && repeated <= again + (again > 0 ? 1 : 0), `${repeated} of 70, with ${budget}`)
  }
})
