/**
 * A real container registry behind the gateway: pushing and pulling as container clients do.
 * @module
 */

import t from 'tap'
import { startRegistry } from '../../support/docker-registry.ts'
import { newInstallation } from '../../support/installation.ts'
import type { Scope } from '../../support/private-server.ts'
import { sampleMemory } from '../../support/sampled-memory.ts'
import { gibibyte, transfer } from './transfers.ts'

const mebibyte = 2 ** 20
// Gibibytes take seconds, but minutes on a machine that is busy with something else.
t.setTimeout(300_000)

t.test('a small blob is pushed and pulled; without a credential there is nothing to see', async (t) => {
  const { url, headers, push } = await begin(t)
  const { digest } = await push('team/app', 100_000, false)
  const blob = `${url}/v2/team/app/blobs/${digest}`
  t.equal((await transfer({ url: blob, headers })).length, 100_000)
  t.equal((await transfer({ url: blob, method: 'HEAD', headers })).status, 200)
  t.equal((await transfer({ url: blob })).status, 401)
  t.equal((await transfer({ url: `${url}/v2/team/app/blobs/uploads/`, method: 'POST' })).status, 401)
  t.equal((await transfer({ url: `${url}/v2/_catalog` })).status, 401)
})

t.test('the registry sends clients back to the gateway, and never past it', async (t) => {
  const { url, headers, registry } = await begin(t)
  const begun = await transfer({ url: `${url}/v2/team/app/blobs/uploads/`, method: 'POST', headers })
  t.equal(begun.status, 202)
  const location = new URL(begun.location ?? '', url)
  t.equal(location.origin, url)
  t.not(location.port, String(registry.port))
})

t.test('a token that only reads cannot push', async (t) => {
  const { url, installation } = await begin(t)
  const { text } = await installation.issue({ access: 'read-only' })
  const headers = { authorization: `Bearer ${text}` }
  t.equal((await transfer({ url: `${url}/v2/`, headers })).status, 200)
  t.equal((await transfer({ url: `${url}/v2/a/blobs/uploads/`, method: 'POST', headers })).status, 403)
})

t.test(
  'a gibibyte is pushed in chunks and pulled unchanged, and the gateway holds next to none of it',
  async (t) => {
    const { url, headers, push, gateway } = await begin(t)
    // A process takes some memory for streams of any size; what counts is that it takes no more for a larger one.
    await push('warm', 128 * mebibyte, true)
    const memory = sampleMemory(gateway.pid)
    const { digest } = await push('team/app', gibibyte, true)
    const pulled = await transfer({ url: `${url}/v2/team/app/blobs/${digest}`, headers })
    const { growthBytes } = memory()
    t.equal(pulled.length, gibibyte)
    t.equal(`sha256:${pulled.sha256}`, digest)
    t.ok(growthBytes < 64 * mebibyte, `the gateway grew by ${Math.round(growthBytes / mebibyte)} MiB`)
  },
)

async function begin(t: Scope) {
  const registry = await startRegistry(t)
  const installation = newInstallation(t, { upstream: registry.url })
  const gateway = await installation.serve()
  const { text } = await installation.issue()
  const url = `http://127.0.0.1:${gateway.port}`
  const headers = { authorization: `Bearer ${text}` }

  /** The upload protocol: begin, send the bytes, close with their digest. */
  async function push(name: string, bytes: number, isChunked: boolean): Promise<{ readonly digest: string }> {
    const begun = await transfer({ url: `${url}/v2/${name}/blobs/uploads/`, method: 'POST', headers })
    const sent = await transfer({
      url: new URL(begun.location ?? '', url).href,
      method: 'PATCH',
      headers: { ...headers, 'content-type': 'application/octet-stream' },
      bytes,
      isChunked,
    })
    const digest = `sha256:${sent.sentSha256}`
    const end = new URL(sent.location ?? '', url)
    end.searchParams.set('digest', digest)
    const { status } = await transfer({ url: end.href, method: 'PUT', headers })
    if (begun.status !== 202 || sent.status !== 202 || status !== 201) {
      throw new Error(`the registry answered ${begun.status}, ${sent.status}, ${status}`)
    }
    return { digest }
  }
  return { registry, installation, gateway, url, headers, push }
}
