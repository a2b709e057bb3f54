/**
 * A day with `swift`, the command of python-swiftclient: what its users do with an account, from login to
 * deletion, a large object in segments included.
 * @module
 */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { findProgram } from '../support/run-process.ts'

export interface ClientLogin {
  /** Where `swift` logs in: `http://127.0.0.1:PORT/auth/v1.0`. */
  readonly authUrl: string
  /** `account:user`. */
  readonly user: string
  readonly key: string
  /** Empty and writable; files of some 400 MB come into it. */
  readonly folder: string
}

const mebibyte = 1_048_576
const largeBytes = 200 * mebibyte

/** Plays the day; each step is an assertion of its own. */
export async function playClientDay(t: Test, { authUrl, user, key, folder }: ClientLogin): Promise<void> {
  const swift = swiftCommand(authUrl, user, key, folder)
  writeFileSync(join(folder, 'small.txt'), 'a small object\n')
  await writeLargeFile(join(folder, 'large.bin'))

  const stat = await swift('stat')
  t.match(stat, /Account: AUTH_/, 'stat shows the account')
  t.match(stat, /Containers: 0/, 'which is empty')

  await swift('post', '-m', 'colour:blue', '-m', 'Temp-URL-Key:sesame')
  t.match(await swift('stat'), /Meta Colour: blue/, 'post sets metadata of the account')
  await swift('post', '-r', '.r:*', 'box')
  t.match(await swift('stat', 'box'), /Read ACL: \.r:\*/, 'post makes a container with an ACL')

  await swift('upload', 'box', 'small.txt')
  await swift('upload', '--segment-size', String(50 * mebibyte), 'box', 'large.bin')
  t.strictSame(lines(await swift('list', 'box')), ['large.bin', 'small.txt'], 'uploads are listed')
  t.strictSame(lines(await swift('list', 'box_segments')).length, 4, 'the large one has four segments')
  t.match(await swift('stat', 'box', 'large.bin'), new RegExp(`Content Length: ${largeBytes}$`, 'm'))

  await swift('download', 'box', 'small.txt', '-o', 'small.back')
  await swift('download', 'box', 'large.bin', '-o', 'large.back')
  for (const name of ['small', 'large']) {
    const [sent, back] = [
      join(folder, name === 'small' ? 'small.txt' : 'large.bin'),
      join(folder, `${name}.back`),
    ]
    t.equal(
      await sha256(createReadStream(back)),
      await sha256(createReadStream(sent)),
      `${name} comes back as it was`,
    )
  }

  await swift('copy', '-d', '/box/copy.txt', 'box', 'small.txt')
  t.equal(await swift('download', 'box', 'copy.txt', '-o', '-'), 'a small object\n', 'a copy has the content')

  const [, storage = '', token = ''] =
    /OS_STORAGE_URL=(\S+)\nexport OS_AUTH_TOKEN=(\S+)/.exec(await swift('auth')) ?? []
  const linked = await fetch(`${storage}/box/link.txt`, {
    method: 'PUT',
    headers: { 'X-Auth-Token': token, 'X-Symlink-Target': 'box/small.txt' },
  })
  t.equal(linked.status, 201, 'a symlink is put')
  t.equal(await swift('download', 'box', 'link.txt', '-o', '-'), 'a small object\n', 'and followed')

  const [path = ''] = /\/v1\/\S+/.exec(/StorageURL: (\S+)/.exec(await swift('stat', '-v'))?.[1] ?? '') ?? []
  const signed = (await swift('tempurl', 'GET', '600', `${path}/box/small.txt`, 'sesame')).trim()
  const opened = await fetch(new URL(signed, authUrl))
  t.strictSame([opened.status, await opened.text()], [200, 'a small object\n'], 'a signed URL needs no token')
  const forged = await fetch(new URL(signed.replace('sig=', 'sig=0'), authUrl))
  t.equal(forged.status, 401, 'and has to be signed')

  await swift('delete', 'box')
  await swift('delete', 'box_segments')
  t.strictSame(lines(await swift('list')), [], 'deletion leaves nothing')
}

/** Runs `swift WORDS` and yields what it printed; rejects with what it complained of. The key stays off the command line. */
function swiftCommand(authUrl: string, user: string, key: string, cwd: string) {
  const program = findProgram('swift')
  if (program === undefined) throw new Error('python3-swiftclient is not installed')
  const env = { PATH: process.env.PATH, HOME: cwd, ST_AUTH: authUrl, ST_USER: user, ST_KEY: key }
  return async (...words: readonly string[]): Promise<string> => {
    const options = { cwd, env, timeout: 100_000, maxBuffer: 16 * mebibyte }
    const { stdout } = await promisify(execFile)(program, words, options)
    return stdout
  }
}

/** No two of its mebibytes are the same, so that segments in another order are noticed. */
async function writeLargeFile(path: string): Promise<void> {
  function* blocks() {
    for (let at = 0; at < largeBytes / mebibyte; at++) yield Buffer.alloc(mebibyte, `block ${at} `)
  }
  await pipeline(Readable.from(blocks()), createWriteStream(path))
}

async function sha256(content: Readable): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(content, hash)
  return hash.digest('hex')
}

function lines(text: string): readonly string[] {
  return text.split('\n').slice(0, -1)
}
