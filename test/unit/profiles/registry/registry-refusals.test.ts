/**
 * Every refusal there is, as a client of a registry reads it.
 * @module
 */

import t from 'tap'
import { registry } from '../../../../src/config/schema/profiles/registry.ts'
import { compileRenderRefusal } from '../../../../src/profiles/registry/registry-refusals.ts'
import type { CanonicalRequest } from '../../../../src/request/canonical-request.ts'
import { refusalCodes, refuse } from '../../../../src/request/refusal.ts'

const render = compileRenderRefusal(registry.parse({}))

function message(rawPath: string, refusal: ReturnType<typeof refuse>) {
  const request: CanonicalRequest = {
    method: 'GET',
    host: 'registry.test',
    authority: 'registry.test:8080',
    rawPath,
    query: '',
    rawHeaders: [],
    hasUnderscoreName: false,
    hasBody: false,
    contentLength: undefined,
  }
  const { headers, ...rest } = render(refusal, 'id-1', request, 'https')
  const header = (name: string) => headers[headers.indexOf(name) + 1]
  return { ...rest, headers, header }
}

t.test(
  'each has a body that clients can read or none, and tells nothing that only the log may know',
  async (t) => {
    for (const path of ['/v2/', '/v2/acme/app/tags/list', '/v2/_catalog', '/jwt/auth', '/jwt/keys', '/']) {
      for (const code of refusalCodes) {
        const { body, headers, header, status } = message(path, refuse(code, 'for the log alone'))
        t.equal(header('Content-Length'), String(Buffer.byteLength(body)), `${path} ${code}`)
        t.notOk(`${headers}${body}`.includes('for the log alone'), `${path} ${code}`)
        if (body !== '') t.type(JSON.parse(body), 'object', `${path} ${code}`)
        if (status === 403) t.equal(path, '/jwt/auth', 'only a login is told that it is not allowed')
        if (status === 401) t.match(header('WWW-Authenticate'), /realm=/, `${path} ${code}`)
      }
    }
  },
)

t.test('who cannot decide says so, and when to come again', async (t) => {
  for (const path of ['/v2/acme/app/tags/list', '/jwt/auth']) {
    const refusal = refuse('cannot_decide', 'the store is down', { retryAfterSeconds: 1 })
    const { status, body, header } = message(path, refusal)
    t.equal(status, 503)
    t.equal(
      body,
      '{"errors":[{"code":"UNAVAILABLE","message":"The request cannot be authorized right now."}]}',
    )
    t.equal(header('Retry-After'), '1')
  }
})

t.test('the challenge leads to where the client asked, in the scheme that it spoke', async (t) => {
  const { header } = message('/v2/', refuse('credential_required', ''))
  t.equal(
    header('WWW-Authenticate'),
    'Bearer realm="https://registry.test:8080/jwt/auth",service="dependency_proxy"',
  )
})
