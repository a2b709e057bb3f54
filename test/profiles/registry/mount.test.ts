/**
 * A blob is mounted from a repository only by whoever may pull it there, however the request is put.
 * @module
 */

import { createHash } from 'node:crypto'
import t from 'tap'
import { realRegistry } from './real-registry.ts'

const place = await realRegistry(t)
const { issue, jwt, registry, request } = place
const content = 'a secret layer'
const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`

t.before(async () => {
  for (const name of ['secret/app', 'acme/source']) {
    const { headers } = await fetch(`${registry.url}/v2/${name}/blobs/uploads/`, { method: 'POST' })
    const end = new URL(headers.get('location') ?? '', registry.url)
    end.searchParams.set('digest', digest)
    const type = { 'content-type': 'application/octet-stream' }
    const { status } = await fetch(end, { method: 'PUT', body: content, headers: type })
    if (status !== 201) throw new Error(`the registry answers ${status}`)
  }
})

/** Whether the registry has the blob there. */
async function isThere(name: string): Promise<boolean> {
  return (await fetch(`${registry.url}/v2/${name}/blobs/${digest}`)).status === 200
}

t.test('with pull on the source it is mounted', async (t) => {
  const text = await jwt(
    await issue(['acme']),
    'repository:acme/mounted:pull,push',
    'repository:acme/source:pull',
  )
  const query = `?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent('acme/source')}`
  const answer = await request(text, 'POST', `/v2/acme/mounted/blobs/uploads/${query}`)
  t.equal(answer.status, 201)
  t.ok(await isThere('acme/mounted'))
})

t.test('a registry token that was not asked for the source is sent to ask for it', async (t) => {
  const text = await jwt(await issue(['acme']), 'repository:acme/unasked:pull,push')
  const query = `?mount=${digest}&from=acme/source`
  const answer = await request(text, 'POST', `/v2/acme/unasked/blobs/uploads/${query}`)
  t.equal(answer.status, 401)
  t.match(answer.header('www-authenticate').join(), /repository:acme\/source:pull/)
  t.notOk(await isThere('acme/unasked'))
})

t.test('nobody mounts from a group that is not theirs, in any spelling', async (t) => {
  const text = await jwt(
    await issue(['acme']),
    'repository:acme/thief:pull,push',
    'repository:secret/app:pull',
  )
  for (const query of [
    `mount=${digest}&from=secret/app`,
    `from=secret%2Fapp&mount=${encodeURIComponent(digest)}`,
    `mount=${digest}&from=acme/source&from=secret/app`,
    `mount=${digest}&from=secret/app&from=acme/source`,
    `mount=${digest}&%66rom=secret/app`,
    `mount=${digest}&From=secret/app&from=acme/source`,
    `mount=${digest};from=secret/app`,
    `mount=${digest}`,
  ]) {
    const { status } = await request(text, 'POST', `/v2/acme/thief/blobs/uploads/?${query}`)
    t.ok(status >= 400 && status < 500, `${status} for ${query}`)
  }
  t.notOk(await isThere('acme/thief'))
})

t.test('a form in the body mounts nothing', async (t) => {
  const { gateway } = place
  const text = await jwt(
    await issue(['acme']),
    'repository:acme/form:pull,push',
    'repository:acme/source:pull',
  )
  const multipart = (['mount', 'from'] as const)
    .map((name) => [name, name === 'mount' ? digest : 'secret/app'])
    .map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('')
  for (const [type, body] of [
    ['application/x-www-form-urlencoded', `mount=${digest}&from=secret/app`],
    ['Application/X-Www-Form-Urlencoded ; a=b', `mount=${digest}&from=secret/app`],
    ['multipart/form-data; boundary=b', `${multipart}--b--\r\n`],
  ] as const) {
    for (const query of ['', `?mount=${digest}&from=acme/source`]) {
      const answer = await gateway.request({
        method: 'POST',
        path: `/v2/acme/form/blobs/uploads/${query}`,
        headers: [
          ['Authorization', `Bearer ${text}`],
          ['Content-Type', type],
        ],
        body,
      })
      t.ok(answer.status >= 400 && answer.status < 500, `${answer.status} for ${type}`)
    }
  }
  t.notOk(await isThere('acme/form'))
})

t.test('a POST to an upload that is under way mounts nothing', async (t) => {
  const text = await jwt(await issue(['acme']), 'repository:acme/again:pull,push')
  const begun = await request(text, 'POST', '/v2/acme/again/blobs/uploads/')
  t.equal(begun.status, 202)
  const { pathname, search } = new URL(begun.header('location')[0] ?? '', 'http://127.0.0.1')
  const target = `${pathname}${search}&mount=${digest}&from=secret/app`
  t.ok((await request(text, 'POST', target)).status >= 400)
  t.notOk(await isThere('acme/again'))
})
