/**
 * Uploads go on where the registry says: through the gateway, whatever host the registry believes to have.
 * @module
 */

import t from 'tap'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { allowed, openScene } from './scene.ts'

t.test('a Location of the registry’s own leads back to the gateway; any other stays as it is', async (t) => {
  const scene = await openScene(t)
  const { ask, enter, upstream, gateway } = scene
  const { bearer } = await enter(allowed, ['repository:acme/app:pull,push'])
  const path = '/v2/acme/app/blobs/uploads/1-2-3?_state=a%2Fb'
  const cases: [location: string, seen: string][] = [
    [path, path],
    [`http://127.0.0.1:${upstream.port}${path}`, path],
    [`http://127.0.0.1:${gateway.port}${path}`, path],
    [`HTTPS://127.0.0.1:${gateway.port}${path}`, path],
    ...[
      `http://127.0.0.1:1${path}`,
      `https://storage.example.org${path}`,
      `//127.0.0.1:${upstream.port}${path}`,
      `http://127.0.0.1:${upstream.port}//evil.example.org/`,
      `http://127.0.0.1:${upstream.port}@evil.example.org/x`,
    ].map((location): [string, string] => [location, location]),
  ]
  for (const [location, seen] of cases) {
    const headers: readonly HeaderLine[] = [
      ['LOCATION', location],
      ['Range', '0-0'],
    ]
    upstream.reply(() => ({ status: 202, headers }))
    const answer = await ask('/v2/acme/app/blobs/uploads/', [bearer], { method: 'POST', headers: [bearer] })
    t.equal(answer.status, 202)
    t.strictSame(answer.header('location'), [seen])
    t.strictSame(answer.header('range'), ['0-0'])
  }
})
