/**
 * Builds and their commands: which project they are of stands neither in the path nor in the body, so that the service is
 * asked before anything goes up with the gateway's own credential.
 * @module
 */

import t from 'tap'
import { json, notAllowed, notFound, notPermitted, notProvided, said, start, token } from './scene.ts'
import { serviceToken } from './upstream.ts'

const patch = { body: '{"state":"building"}' }
const commandOf = (build: unknown) => ({ body: JSON.stringify({ build, command: 'make' }) })

t.test('R7 builds are of a project: 200 for its key, 404 for another, and none is deleted', async (t) => {
  const { keyA, keyB, send, carried } = await start(t)
  const answer = await send('GET', '/api/v2/build/11/', keyA.text)
  t.strictSame(said(answer), [200, '{"id":11,"project":1,"project_slug":"pip","admin":true}'])
  t.equal((await send('PATCH', '/api/v2/build/11/', keyA.text, patch)).status, 200)
  t.equal(carried().at(-1)?.body.toString(), patch.body)
  t.equal(carried().length, 2)
  for (const request of carried()) t.strictSame(request.header('authorization'), [`Token ${serviceToken}`])
  for (const [id, key] of [
    ['22', keyA.text],
    ['11', keyB.text],
    ['99', keyA.text],
  ] as const) {
    t.strictSame(said(await send('GET', `/api/v2/build/${id}/`, key)), notFound)
    t.strictSame(said(await send('PATCH', `/api/v2/build/${id}/`, key, patch)), notFound)
    t.strictSame(said(await send('DELETE', `/api/v2/build/${id}/`, key)), notAllowed('DELETE'))
  }
  t.equal(carried().length, 2)
})

t.test('R8 a command is recorded for a build of the own project, and for no other', async (t) => {
  const { keyA, send, carried, service } = await start(t)
  const body = ' {"command": "make", "build" : 11, "output":"é"}\n'
  const answer = await send('POST', '/api/v2/command/', keyA.text, { body })
  t.strictSame(said(answer), [201, '{"id":73,"build":11,"command":"make"}'])
  t.equal(carried()[0]?.body.toString(), body, 'byte for byte')
  t.strictSame(carried()[0]?.header('authorization'), [`Token ${serviceToken}`])
  t.strictSame(said(await send('POST', '/api/v2/command/', keyA.text, commandOf(22))), notPermitted)
  t.strictSame(said(await send('POST', '/api/v2/command/', keyA.text, commandOf('22'))), notPermitted)
  t.strictSame(said(await send('POST', '/api/v2/command/', undefined, commandOf(11))), notProvided)
  t.strictSame(said(await send('POST', '/api/v2/command/', 'abcdefgh.wrong', commandOf(11))), notProvided)
  t.equal(carried().length, 1)
  t.strictSame(service.commands.get('73'), { build: 11, command: 'make' })
})

t.test('R8 a body in which the build is not certain is refused', async (t) => {
  const { keyA, send, gateway, carried } = await start(t)
  for (const build of [99, 11.5, true, null, [11], { id: 11 }, '', undefined])
    t.strictSame(said(await send('POST', '/api/v2/command/', keyA.text, commandOf(build))), notPermitted)
  const forms = [
    ['application/x-www-form-urlencoded', 'build=11'],
    [
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="build"\r\n\r\n22\r\n--x--\r\n',
    ],
    ['text/plain', '{"build":11}'],
  ] as const
  for (const [type, body] of forms) {
    const headers = [token(keyA.text), ['Content-Type', type]] as const
    const answer = await gateway.request({ method: 'POST', path: '/api/v2/command/', headers, body })
    t.strictSame(said(answer), notPermitted, type)
  }
  const twice = '{"build":11,"build":22}'
  const answer = await gateway.request({
    method: 'POST',
    path: '/api/v2/command/',
    headers: [token(keyA.text), json],
    body: twice,
  })
  t.strictSame(said(answer), notPermitted, 'the last of two counts')
  t.equal(carried().length, 0)
})

t.test('R9 a command is of the project of its build', async (t) => {
  const { keyA, send, carried } = await start(t)
  const change = { body: '{"command":"make -j"}' }
  t.strictSame(said(await send('GET', '/api/v2/command/71/', keyA.text)), [
    200,
    '{"id":71,"build":11,"command":"make html","admin":true}',
  ])
  t.equal((await send('PATCH', '/api/v2/command/71/', keyA.text, change)).status, 200)
  t.strictSame(said(await send('GET', '/api/v2/command/72/', keyA.text)), notFound)
  t.strictSame(said(await send('PATCH', '/api/v2/command/72/', keyA.text, change)), notFound)
  t.strictSame(said(await send('DELETE', '/api/v2/command/72/', keyA.text)), notAllowed('DELETE'))
  t.strictSame(said(await send('PATCH', '/api/v2/command/71/', undefined, change)), notProvided)
  t.equal(carried().length, 2)
})

t.test('R10 a command that is to move to a build of another project stays where it is', async (t) => {
  const { keyA, keyB, send, carried, service } = await start(t)
  const answer = await send('PATCH', '/api/v2/command/71/', keyA.text, { body: '{"build":22}' })
  t.strictSame(said(answer), [200, '{"id":71,"build":11,"command":"make html","admin":true}'])
  t.equal(carried()[0]?.body.toString(), '{"build":22}', 'the service decides, whoever asks')
  t.equal(service.commands.get('71')?.build, 11)
  t.equal((await send('GET', '/api/v2/command/71/', keyA.text)).status, 200)
  t.strictSame(said(await send('GET', '/api/v2/command/71/', keyB.text)), notFound)
})

t.test('R12 concurrent builds are told of the own project alone', async (t) => {
  const { gateway, keyA, send, carried } = await start(t)
  const path = '/api/v2/build/concurrent/'
  const answer = await send('GET', `${path}?project__slug=pip`, keyA.text)
  t.strictSame(said(answer), [200, '{"limit_reached":false,"concurrent":1,"max_concurrent":4}'])
  t.equal(carried()[0]?.target, `${path}?project__slug=pip`)
  for (const query of [
    '?project__slug=tox',
    '',
    '?project__slug=',
    '?project__slug=pip&project__slug=tox',
    '?project__slug=tox&project__slug=pip',
    '?project__slug=pip&%70roject__slug=tox',
    '?project__slug=pip&project%5f_slug=tox',
    '?project__slug=pip;project__slug=tox',
    '?project__slug=pip%00',
    '?Project__slug=pip',
    '?project__slug=pip+',
    '?slug=pip',
  ])
    t.strictSame(said(await send('GET', path + query, keyA.text)), notFound, query)
  t.strictSame(said(await send('GET', `${path}?project__slug=pip`)), notProvided)
  t.strictSame(said(await send('POST', `${path}?project__slug=pip`, keyA.text)), notAllowed('POST'))
  t.equal(carried().length, 1)
  const line = gateway.log.find(({ code }) => code === 'not_found')
  t.match(line, { tokenId: keyA.token.id, reason: /binding_mismatch: the token is bound to another project/ })
})

t.test('R13 a build is reset with a key of its project', async (t) => {
  const { keyA, send, carried } = await start(t)
  t.strictSame(said(await send('POST', '/api/v2/build/11/reset/', keyA.text)), [204, ''])
  const storage = await send('POST', '/api/v2/build/11/credentials/storage/', keyA.text, {
    body: '{"type":"build_media"}',
  })
  t.equal(storage.status, 200)
  t.equal(carried().length, 2)
  for (const action of ['reset', 'credentials/storage']) {
    t.strictSame(said(await send('POST', `/api/v2/build/22/${action}/`, keyA.text)), notFound)
    t.strictSame(said(await send('POST', `/api/v2/build/11/${action}/`)), notProvided)
    t.strictSame(said(await send('GET', `/api/v2/build/11/${action}/`, keyA.text)), notAllowed('GET'))
  }
  t.equal(carried().length, 2)
})

t.test('R28 a notification is attached to a build of the own project alone', async (t) => {
  const { keyA, send, service, carried } = await start(t)
  const about = (attached_to: unknown) => ({ body: JSON.stringify({ attached_to, message_id: 'x' }) })
  t.equal((await send('POST', '/api/v2/notifications/', keyA.text, about('build/11'))).status, 201)
  for (const other of ['build/22', '/build/22/', 'project/2', 'project/1', 'build/', 'build/99', 11, null])
    t.strictSame(said(await send('POST', '/api/v2/notifications/', keyA.text, about(other))), notPermitted)
  t.strictSame(said(await send('POST', '/api/v2/notifications/', undefined, about('build/11'))), notProvided)
  t.strictSame(service.notifications, [{ attached_to: 'build/11', message_id: 'x' }])
  t.equal(carried().length, 1)
})

t.test('the health of a build is told without a key, by the name of the builder', async (t) => {
  const { keyA, send, carried } = await start(t)
  const path = '/api/v2/build/22/healthcheck/?builder='
  t.strictSame(said(await send('POST', `${path}builder-1`)), [204, ''])
  t.strictSame(said(await send('POST', `${path}builder-2`)), notFound)
  t.equal((await send('POST', `${path}builder-1`, keyA.text)).status, 204)
  for (const request of carried()) t.strictSame(request.header('authorization'), [])
})

t.test('a key that is for one build does nothing to another, of the same project either', async (t) => {
  const { issue, send, carried } = await start(t)
  const { text } = await issue('pip', { bindings: { project: ['pip'], build: ['11'] } })
  t.equal((await send('PATCH', '/api/v2/build/11/', text, patch)).status, 200)
  t.equal((await send('POST', '/api/v2/command/', text, commandOf(11))).status, 201)
  t.equal((await send('GET', '/api/v2/command/71/', text)).status, 200)
  const notice = { body: '{"attached_to":"build/11"}' }
  t.equal((await send('POST', '/api/v2/notifications/', text, notice)).status, 201)
  t.equal((await send('GET', '/api/v2/project/1/', text)).status, 200, 'builders read their project')
  t.equal((await send('GET', '/api/v2/build/concurrent/?project__slug=pip', text)).status, 200)
  t.equal(carried().length, 6)
  t.strictSame(said(await send('PATCH', '/api/v2/build/12/', text, patch)), notFound)
  t.strictSame(said(await send('PATCH', '/api/v2/build/011/', text, patch)), notFound)
  t.strictSame(said(await send('POST', '/api/v2/build/12/reset/', text)), notFound)
  t.strictSame(said(await send('POST', '/api/v2/command/', text, commandOf(12))), notPermitted)
  const other = { body: '{"attached_to":"build/12"}' }
  t.strictSame(said(await send('POST', '/api/v2/notifications/', text, other)), notPermitted)
  t.equal(carried().length, 6)
})
