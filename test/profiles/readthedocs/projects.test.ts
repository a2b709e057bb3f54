/**
 * Projects, versions and lists: a key opens what is of its project and narrows everything else to nothing; without a good
 * key everybody reads what is public, and nobody writes.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { until } from '../../support/until.ts'
import { exampleRoutes, notAllowed, notFound, notProvided, type Scene, said, start } from './scene.ts'
import { listsAreDisabled, serviceToken } from './upstream.ts'

const patch = { body: '{"has_valid_clone":true}' }

/** What a request that was let through looks like to the service: its own credential, and no trace of the key. */
function wasCarried(t: Test, { carried }: Scene, method: string, target: string): void {
  const request = carried().at(-1)
  t.strictSame([request?.method, request?.target], [method, target])
  t.strictSame(request?.header('authorization'), [`Token ${serviceToken}`])
  t.strictSame(request?.header('x-sallyport-subject'), ['builder'])
}

t.test('R1 the project of a key is shown with the fields that builders need', async (t) => {
  const scene = await start(t)
  const answer = await scene.send('GET', '/api/v2/project/1/', scene.keyA.text)
  t.strictSame(said(answer), [200, '{"id":1,"slug":"pip","admin":true}'])
  wasCarried(t, scene, 'GET', '/api/v2/project/1/')
})

t.test('R2 a project that everybody sees is not there for a key of another', async (t) => {
  const { keyA, send, carried } = await start(t)
  t.equal((await send('GET', '/api/v2/project/2/')).status, 200, 'without a key')
  const before = carried().length
  const answer = await send('GET', '/api/v2/project/2/', keyA.text)
  t.strictSame(said(answer), notFound)
  t.strictSame(answer.header('www-authenticate'), [])
  t.strictSame(answer.header('content-type'), ['application/json'])
  t.equal(carried().length, before, 'and nothing went up')
})

t.test('R3 a key changes its own project alone', async (t) => {
  const scene = await start(t)
  t.equal((await scene.send('PATCH', '/api/v2/project/1/', scene.keyA.text, patch)).status, 200)
  wasCarried(t, scene, 'PATCH', '/api/v2/project/1/')
  t.equal(scene.carried()[0]?.body.toString(), patch.body)
  t.strictSame(said(await scene.send('PATCH', '/api/v2/project/2/', scene.keyA.text, patch)), notFound)
  t.equal(scene.carried().length, 1)
})

t.test('R4 no project can be deleted, whose it ever is', async (t) => {
  const { keyA, send, upstream } = await start(t)
  for (const id of ['1', '2', '4']) {
    const answer = await send('DELETE', `/api/v2/project/${id}/`, keyA.text)
    t.strictSame(said(answer), notAllowed('DELETE'))
    t.strictSame(answer.header('allow'), ['GET, PUT, PATCH, HEAD, OPTIONS'])
  }
  t.strictSame(said(await send('DELETE', '/api/v2/project/1/')), notProvided)
  t.equal(upstream.requests.length, 0)
})

t.test('R5 no project can be made: 405 with a key, 403 without', async (t) => {
  const { keyA, send, carried } = await start(t)
  t.strictSame(said(await send('POST', '/api/v2/project/', keyA.text, { body: '{}' })), notAllowed('POST'))
  t.strictSame(said(await send('POST', '/api/v2/project/', 'abcdefgh.wrong', { body: '{}' })), notProvided)
  t.equal(carried().length, 0)
  t.strictSame(said(await send('POST', '/api/v2/project/', undefined, { body: '{}' })), notProvided)
  t.strictSame(carried()[0]?.header('authorization'), [], 'the service itself refuses nobody')
})

t.test('R6 a list without a filter is disabled, and goes up as nobody for everybody', async (t) => {
  const { keyA, send, carried } = await start(t)
  for (const name of ['project', 'version', 'build', 'command']) {
    for (const key of [undefined, keyA.text, 'abcdefgh.wrong']) {
      t.strictSame(said(await send('GET', `/api/v2/${name}/`, key)), [410, listsAreDisabled])
      t.strictSame(carried().at(-1)?.header('authorization'), [])
    }
  }
})

t.test('versions are of the project that the service says they are of', async (t) => {
  const scene = await start(t)
  const { keyA, send } = scene
  t.equal((await send('GET', '/api/v2/version/111/', keyA.text)).status, 200)
  wasCarried(t, scene, 'GET', '/api/v2/version/111/')
  t.equal((await send('PATCH', '/api/v2/version/111/', keyA.text, patch)).status, 200)
  t.strictSame(said(await send('GET', '/api/v2/version/222/', keyA.text)), notFound)
  t.strictSame(said(await send('PATCH', '/api/v2/version/222/', keyA.text, patch)), notFound)
  t.strictSame(said(await send('GET', '/api/v2/version/333/', keyA.text)), notFound)
  t.strictSame(said(await send('DELETE', '/api/v2/version/222/', keyA.text)), notAllowed('DELETE'))
  t.equal(scene.carried().length, 2)
})

t.test('what belongs to a project is of it, too', async (t) => {
  const { keyA, send, carried } = await start(t)
  const answer = await send('GET', '/api/v2/project/1/active_versions/', keyA.text)
  t.equal(answer.status, 200)
  t.equal(carried()[0]?.target, '/api/v2/project/1/active_versions/')
  t.strictSame(said(await send('GET', '/api/v2/project/2/active_versions/', keyA.text)), notFound)
})

t.test('R11 domains are read with any key and changed with none', async (t) => {
  const { keyA, send, carried } = await start(t)
  for (const key of [keyA.text, undefined, 'abcdefgh.wrong']) {
    t.strictSame(said(await send('GET', '/api/v2/domain/2/', key)), [200, '{"domain":"2"}'])
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      t.strictSame(said(await send(method, '/api/v2/domain/2/', key, { body: '{}' })), notProvided)
    }
  }
  for (const request of carried()) t.strictSame(request.header('authorization'), [], request.method)
})

t.test('R19 whoever has a key that is none any more reads what everybody reads', async (t) => {
  const { gateway, keyA, issue, send, carried } = await start(t)
  const expired = await issue('pip', { lifetimeMs: 1 })
  await gateway.store.revokeToken(keyA.token.id, { at: Date.now(), by: 'test', origin: 'test', cause: '' })
  for (const key of [keyA.text, expired.text, 'garbage', 'abcdefgh.12345678901234567890123456789012']) {
    for (const [id, slug] of [
      ['1', 'pip'],
      ['2', 'tox'],
    ]) {
      const answer = await send('GET', `/api/v2/project/${id}/`, key)
      t.strictSame(said(answer), [200, `{"id":${id},"slug":"${slug}"}`], 'without what builders need')
      t.strictSame(carried().at(-1)?.header('authorization'), [])
      t.strictSame(carried().at(-1)?.header('x-sallyport-subject'), [])
    }
    t.strictSame(said(await send('GET', '/api/v2/project/3/', key)), notFound, 'and nothing private')
  }
})

t.test('R20 nobody writes with a key that is none', async (t) => {
  const { issue, send, upstream } = await start(t)
  const expired = await issue('pip', { lifetimeMs: 1 })
  for (const key of [expired.text, 'garbage', undefined]) {
    const answer = await send('PATCH', '/api/v2/project/1/', key, patch)
    t.strictSame(said(answer), notProvided)
    t.strictSame(answer.header('www-authenticate'), [])
  }
  t.equal(upstream.requests.length, 0)
})

const gone = { at: 0, by: 'test', origin: 'test', cause: '' }

t.test('R29 when its project is deleted a key is for nothing', async (t) => {
  const { service, gateway, keyA, issue, send } = await start(t, {
    routes: JSON.parse(JSON.stringify(exampleRoutes()).replaceAll('"pointer"', '"ttl":"1ms","pointer"')),
  })
  t.equal((await send('GET', '/api/v2/build/11/', keyA.text)).status, 200)
  service.projects.delete('1')
  service.builds.delete('11')
  await sleep(5)
  t.strictSame(said(await send('GET', '/api/v2/build/11/', keyA.text)), notFound)
  t.strictSame(said(await send('PATCH', '/api/v2/project/1/', keyA.text, patch)), notFound)

  const minted = await issue('pip', { subject: 'readthedocs:pip', subjectKind: 'project' })
  t.equal((await send('GET', '/api/v2/build/22/', minted.text)).status, 404)
  await gateway.store.setSubjectStatus('readthedocs:pip', 'deleted', gone)
  await until(async () => (await send('POST', '/api/v2/build/12/reset/', minted.text)).status === 403)
})
