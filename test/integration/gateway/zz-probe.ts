import t from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { rawRequest } from '../../support/raw-request.ts'
import { setTimeout as sleep } from 'node:timers/promises'
t.test('probe', async (t) => {
  const up = await recordingUpstream(t)
  const g = await startTestGateway(t, { upstream: up.url, routes: [{ match: { path: '/{rest*}' }, authorize: { public: true } }], listen: { timeouts: { request: '1s', headers: '1s', idle: '5s'} } })
  const a = await g.raw('POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nZZ\r\n')
  console.log(a.status, a.body.toString())
  await sleep(100)
  console.log(JSON.stringify(g.log.filter(l=>l.message==='request'), null, 1))
  console.log('408')
  const b = await rawRequest(g.port, 'POST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123', {timeoutMs: 8000}).catch(e => e)
  console.log(b.status, b.body?.toString(), b.message)
  await sleep(100)
  console.log(JSON.stringify(g.log.filter(l=>l.message==='request' && l.path === '/y' || l.status===408), null, 1), up.requests.length)
  console.log(await g.metric('sallyport_exchanges_in_flight'))
})
