/**
 * A thousand reloads while requests come without a pause: none is dropped, and each is answered by one configuration
 * as a whole.
 * @module
 */

import { Agent, request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type Configuration, startFollowedGateway } from '../../support/followed-gateway.ts'
import { type RecordingUpstream, recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

const reloads = 1_000

/** Each has an upstream, a name and a treatment of `Host` of its own: a request that saw two of them would show it. */
function configurationOf(mark: 'a' | 'b', url: string): Configuration {
  const hostHeader = mark === 'a' ? 'upstream' : 'preserve'
  const authorize = { public: true }
  return {
    upstreams: { [mark]: { url } },
    routes: [{ name: `route-${mark}`, match: { path: '/{path*}' }, upstream: mark, hostHeader, authorize }],
  }
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** Rejects on whatever a client would call an error. */
function ask(port: number, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, path: '/x', agent }, (incoming) => {
      let body = ''
      incoming.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      incoming.on('error', reject).on('end', () => resolve({ status: incoming.statusCode ?? 0, body }))
    })
    outgoing.on('error', reject).end()
  })
}

t.test('no request is dropped, and none is answered by half of two configurations', async (t) => {
  const a = await recordingUpstream(t, () => ({ body: 'a' }))
  const b = await recordingUpstream(t, async () => {
    await sleep(20)
    return { body: 'b' }
  })
  const first = configurationOf('a', a.url)
  const second = configurationOf('b', b.url)
  const gateway = await startFollowedGateway(t, first)
  const keeping = new Agent({ keepAlive: true })
  t.teardown(() => keeping.destroy())

  let isOver = false
  const answers: Answer[] = []
  const errors: string[] = []
  const client = async (agent: Agent) => {
    while (!isOver) {
      await ask(gateway.port, agent).then(
        (answer) => answers.push(answer),
        (error: Error) => errors.push(error.message),
      )
      await sleep(10)
    }
  }
  const clients = [
    ...Array.from({ length: 6 }, () => client(keeping)),
    ...Array.from({ length: 3 }, () => client(new Agent({ keepAlive: false }))),
  ]
  for (let count = 1; count <= reloads; count++) {
    gateway.write(count % 2 === 0 ? first : second)
    gateway.reload()
    await sleep(4)
  }
  isOver = true
  await Promise.all(clients)
  await until(async () => (await gateway.metric('sallyport_exchanges_in_flight')) === 0)

  t.same(errors, [])
  t.same(
    answers.filter(({ status }) => status !== 200),
    [],
  )
  const ofA = answers.filter(({ body }) => body === 'a').length
  const ofB = answers.filter(({ body }) => body === 'b').length
  t.equal(ofA + ofB, answers.length)
  t.ok(ofA > 100 && ofB > 100, `${ofA} and ${ofB}`)
  t.equal(a.requests.length, ofA)
  t.equal(b.requests.length, ofB)
  const hostsOf = ({ requests }: RecordingUpstream) => [...new Set(requests.flatMap((r) => r.header('host')))]
  t.same(hostsOf(a), [`127.0.0.1:${a.port}`])
  t.same(hostsOf(b), [`127.0.0.1:${gateway.port}`])
  const lines = gateway.log.filter(({ message }) => message === 'request')
  t.equal(lines.filter(({ route }) => route === 'route-a').length, ofA)
  t.equal(lines.filter(({ route }) => route === 'route-b').length, ofB)
  const swaps = gateway.log.filter(({ message }) => String(message).endsWith('and is in force')).length
  t.equal(swaps, reloads)
  t.comment(`${answers.length} answers, ${ofA} and ${ofB}`)
})
