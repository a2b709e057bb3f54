/**
 * How texts of other services are proven: the same work whether or not there is a record, and no doubt about which.
 * @module
 */

import t from 'tap'
import { Secret } from '../../../src/lib/secret.ts'
import { type ForeignReaderOptions, readForeign } from '../../../src/tokens/foreign/foreign-reader.ts'
import type {
  ForeignCandidate,
  ForeignClaim,
  ImportedFormat,
} from '../../../src/tokens/foreign/foreign-record.ts'
import { ImportedFormats } from '../../../src/tokens/foreign/imported-formats.ts'
import { StoreUnavailable, type TokenReader } from '../../../src/tokens/ports.ts'
import { aToken, digestsOf } from '../cache/held-store.ts'
import { countingPool, misspelt, vectors } from '../formats/vectors.ts'

const [django] = vectors.drf_api_key
const key = django?.key ?? ''
const digests = digestsOf('presented')
const sha512: ForeignCandidate = {
  format: 'django-api-key',
  locator: django?.prefix ?? '',
  verifier: django?.hashed_key ?? '',
  cost: 1,
  token: aToken('one'),
}
const notNative: TokenReader = { find: async () => ({ token: undefined, version: 7 }) }
const costs = (...all: number[]): ImportedFormat[] => all.map((cost) => ({ format: 'django-api-key', cost }))

/** A reader over candidates that are found whatever is asked for, and all that it did. */
function readerOver(
  candidates: readonly ForeignCandidate[],
  change: Partial<ForeignReaderOptions> & { readonly store?: TokenReader } = {},
) {
  const { pool, hashed } = countingPool()
  const rehashed: string[] = []
  const proofs: string[] = []
  const failures: string[] = []
  const { store = notNative, ...options } = change
  const reader = readForeign(store, {
    record: {
      find: async () => ({ candidates, version: 9 }),
      rehash: async (tokenId) => void rehashed.push(tokenId),
    },
    hashes: pool,
    rehashes: true,
    onProof: (format, result) => proofs.push(`${format} ${result}`),
    onRehashFailure: ({ id }) => failures.push(id),
    ...options,
  })
  return { reader, hashed, rehashed, proofs, failures }
}

/** What the text may be, where these formats were imported. */
async function claimOf(text: string, imported: readonly ImportedFormat[]): Promise<ForeignClaim> {
  const record = { formats: async () => imported }
  const formats = new ImportedFormats({ record, hashes: countingPool().pool, onFailure: () => {} })
  await formats.start()
  formats.stop()
  const claim = formats.recognise(new Secret(text))
  if (claim === undefined) throw new Error('not recognised')
  return claim
}

t.test('a proven text is the token, at the version that it was read at', async (t) => {
  const { reader, hashed, rehashed, proofs } = readerOver([sha512])
  t.same(await reader.find(digests, await claimOf(key, costs(1))), { token: sha512.token, version: 9 })
  t.same(hashed, ['sha512'])
  t.same(rehashed, ['one'])
  t.same(proofs, ['django-api-key proven'])
})

t.test('a wrong secret and an unknown locator cost the same hashes and get the same answer', async (t) => {
  for (const imported of [costs(1), costs(1000), costs(1, 1000, 2000)]) {
    const wrong = readerOver([{ ...sha512, cost: imported[0]?.cost ?? 1, verifier: verifierFor(imported) }])
    const unknown = readerOver([])
    const answers = [
      await wrong.reader.find(digests, await claimOf(misspelt(key), imported)),
      await unknown.reader.find(digests, await claimOf(misspelt(key), imported)),
    ]
    t.same(answers, Array(2).fill({ token: undefined, version: 9 }))
    t.same(wrong.hashed, unknown.hashed)
    t.equal(wrong.hashed.length, imported.length)
    t.same([...wrong.proofs, ...unknown.proofs], ['django-api-key wrong', 'django-api-key unknown'])
    t.same([...wrong.rehashed, ...unknown.rehashed], [])
  }
})

t.test('a cost that came with the latest import is proven before the formats are read again', async (t) => {
  const { reader } = readerOver([sha512])
  const reading = await reader.find(digests, await claimOf(key, costs(1000)))
  t.equal(reading.token, sha512.token)
})

t.test('a text with a native digest costs no hash', async (t) => {
  const native = { token: aToken('native'), version: 7 }
  const { reader, hashed } = readerOver([sha512], { store: { find: async () => native } })
  t.same(await reader.find(digests, await claimOf(key, costs(1))), native)
  t.same(hashed, [])
})

t.test('without a claim only the digest counts', async (t) => {
  const { reader, hashed } = readerOver([sha512])
  t.same(await reader.find(digests), { token: undefined, version: 7 })
  t.same(hashed, [])
})

t.test('a text that two records fit decides nothing', async (t) => {
  const { pool } = countingPool()
  const hash = pool.digest('sha256', key).toString('hex')
  const other = { format: 'sha256', locator: hash, verifier: hash, cost: 1, token: aToken('two') }
  const { reader } = readerOver([sha512, other])
  const claim = await claimOf(key, [...costs(1), { format: 'sha256', cost: 1 }])
  t.equal(claim.formats.length, 2)
  await t.rejects(reader.find(digests, claim), { message: /two records/ })
})

t.test('a digest that cannot be recorded costs the answer nothing', async (t) => {
  const record = {
    find: async () => ({ candidates: [sha512], version: 9 }),
    rehash: () => Promise.reject(new StoreUnavailable('read-only')),
  }
  const { reader, failures } = readerOver([], { record })
  t.equal((await reader.find(digests, await claimOf(key, costs(1)))).token, sha512.token)
  await new Promise(setImmediate)
  t.same(failures, ['one'])
})

t.test('re-hashing can be left off', async (t) => {
  const { reader, rehashed } = readerOver([sha512], { rehashes: false })
  t.equal((await reader.find(digests, await claimOf(key, costs(1)))).token, sha512.token)
  t.same(rehashed, [])
})

t.test('a pool that is full is no wrong secret', async (t) => {
  const hashes = {
    digest: () => Buffer.alloc(64),
    pbkdf2: () => Promise.reject(new StoreUnavailable('full')),
  }
  const { reader, proofs } = readerOver([], { hashes })
  await t.rejects(reader.find(digests, await claimOf(key, costs(1000))), StoreUnavailable)
  t.same(proofs, ['django-api-key refused'])
})

/** Of the first cost, and made of the right secret. */
function verifierFor([first]: readonly ImportedFormat[]): string {
  return first?.cost === 1 ? sha512.verifier : `pbkdf2_sha256$${first?.cost}$salt$${'A'.repeat(43)}=`
}
