/**
 * Where a token counts before GoCD, and which paths are of the API that manages tokens, in every spelling.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { readGocdPath, tokensPath } from '../../../../src/profiles/gocd/gocd-path.ts'

t.test('the API, files and the feed of CCTray take tokens', async (t) => {
  for (const path of [
    '/go/api',
    '/go/api/',
    '/go/api/agents',
    '/go/files',
    '/go/files/a/b',
    '/go/cctray.xml',
    '/go/api/admin',
  ]) {
    t.equal(readGocdPath(path).kind, 'api', path)
  }
  const others = [
    '/',
    '/go',
    '/go/',
    '/go/pipelines',
    '/api/agents',
    '/go/API',
    '/GO/api',
    '/go/cctray.xml/',
    '/go/filesx',
    '/go/agent',
  ]
  for (const path of others) t.equal(readGocdPath(path).kind, 'tokenless', path)
})

t.test('what machines have other credentials for does not', async (t) => {
  for (const path of [
    '/go/api/config-repository.git',
    '/go/api/config-repository.git/HEAD',
    '/go/api/webhooks/github/notify',
  ]) {
    t.equal(readGocdPath(path).kind, 'tokenless', path)
  }
  t.equal(readGocdPath('/go/api/config-repository').kind, 'api')
})

t.test('the API of tokens is known with what stands below it', async (t) => {
  t.same(readGocdPath('/go/api/current_user/access_tokens'), { kind: 'tokens', whose: 'own', rest: [] })
  t.same(readGocdPath('/go/api/admin/access_tokens/7/revoke'), {
    kind: 'tokens',
    whose: 'all',
    rest: ['7', 'revoke'],
  })
  t.same(readGocdPath('/go/api/admin/access_tokens/'), { kind: 'tokens', whose: 'all', rest: [''] })
  for (const path of [
    '/go/api/current_user',
    '/go/api/current_user/access_tokensx',
    '/go/api/users/access_tokens',
    '/go/api/access_tokens',
  ]) {
    t.equal(readGocdPath(path).kind, 'api', path)
  }
})

/** Each character as it is, in another case, or percent-encoded in either. */
const spelling = (path: string) =>
  fc
    .array(fc.constantFrom('plain', 'escaped', 'upper'), { minLength: path.length, maxLength: path.length })
    .map((ways) =>
      Array.from(path, (character, index) => {
        const isName = index > '/go/api/'.length && character !== '/'
        if (ways[index] === 'upper' && isName) return character.toUpperCase()
        return ways[index] === 'escaped' && character !== '/'
          ? `%${character.charCodeAt(0).toString(16)}`
          : character
      }).join(''),
    )

t.test('no spelling makes it another', async (t) => {
  const paths = fc.constantFrom(tokensPath('own'), tokensPath('all')).chain(spelling)
  fc.assert(fc.property(paths, (path) => t.equal(readGocdPath(path).kind, 'tokens', path)))
})

t.test('whatever has no plain spelling takes no token', async (t) => {
  const hostile = fc.stringMatching(
    /^\/go\/(api|files)\/[a-z./;%\\]{0,12}(\/\/|;|\/\.\.?\/|%2f|%00)[a-z]{0,5}$/,
  )
  fc.assert(fc.property(hostile, (path) => t.equal(readGocdPath(path).kind, 'tokenless', path)))
})
