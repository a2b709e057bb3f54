/**
 * The page on assertions keeps its word: its configuration makes what its function for upstreams takes, and that function
 * takes nothing else.
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { startTestGateway } from '../../support/gateway.ts'
import { type HeaderLine, recordingUpstream } from '../../support/recording-upstream.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/assertion.md'), 'utf8')

function blockOf(language: string): string {
  const [, text] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(page) ?? []
  if (text === undefined) throw new Error(`the page has no block of ${language}`)
  return text
}

interface Caller {
  readonly subject: string
  readonly scopes: readonly string[]
  readonly isOwner: boolean
}

type CallerOf = (request: { readonly headers: Readonly<Record<string, string>> }) => Promise<Caller>

/** The page has the one, and says that the other stands in its place. */
type Algorithm = 'ES256' | 'EdDSA'

/** In a folder under this one's, where packages are found. */
async function loadCallerOf(t: Test, port: number, algorithm: Algorithm): Promise<CallerOf> {
  const file = join(t.testdir(), 'caller-of.mjs')
  const text = blockOf('js').replace('127.0.0.1:8080', `127.0.0.1:${port}`)
  writeFileSync(file, text.replace("'ES256'", `'${algorithm}'`))
  return (await import(pathToFileURL(file).href)).callerOf
}

for (const algorithm of ['ES256', 'EdDSA'] as const) {
  t.test(`an upstream that does as the page says learns who was let through, by ${algorithm}`, async (t) => {
    const { assertion, routes } = parse(blockOf('yaml'))
    const upstream = await recordingUpstream(t)
    const gateway = await startTestGateway(t, {
      upstream: upstream.url,
      upstreams: { storage: { url: upstream.url } },
      assertion: { ...assertion, algorithm },
      routes: [
        ...routes,
        { ...routes[0], name: 'other', match: { path: '/v2/{account}' }, assertion: { audience: 'other' } },
      ],
    })
    const callerOf = await loadCallerOf(t, gateway.port, algorithm)
    const { text } = await gateway.issue({
      access: 'owner',
      scopes: ['a', 'b'],
      bindings: { account: ['AUTH_a'] },
    })
    const headers: HeaderLine[] = [['Authorization', `Bearer ${text}`]]
    const sentTo = async (path: string) => {
      t.equal((await gateway.request({ path, headers })).status, 200)
      return { 'x-sallyport-assertion': upstream.requests.at(-1)?.header('x-sallyport-assertion')[0] ?? '' }
    }
    const caller = await callerOf({ headers: await sentTo('/v1/AUTH_a') })
    t.strictSame(caller, { subject: 'alice', scopes: ['a', 'b'], isOwner: true })
    await t.rejects(callerOf({ headers: {} }), 'nothing is no proof')
    await t.rejects(callerOf({ headers: await sentTo('/v2/AUTH_a') }), /aud/)
  })
}
