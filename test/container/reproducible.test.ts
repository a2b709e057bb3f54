/**
 * Whoever builds the same sources on the same base gets the same files: what is in an image can be checked.
 * @module
 */

import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { buildah } from './buildah.ts'
import { buildImage, imageName, openImage } from './image.ts'

const again = 'localhost/sallyport:again'

t.test('two builds hold the same bytes under the same names, modes and owners', async (t) => {
  buildImage(again)
  t.teardown(() => void buildah('rmi', again))
  const [first, second] = [manifest(t, imageName), manifest(t, again)]
  t.ok(first.length > 1000)
  t.strictSame(second, first)
})

function manifest(t: { teardown(handler: () => void): void }, name: string): readonly string[] {
  const image = openImage(name)
  t.teardown(() => image.close())
  const entries = readdirSync(image.root, { recursive: true, withFileTypes: true })
  return entries.map((entry) => describe(image.root, join(entry.parentPath, entry.name))).toSorted()
}

function describe(root: string, path: string): string {
  const stats = lstatSync(path)
  const content = stats.isFile()
    ? createHash('sha256').update(readFileSync(path)).digest('hex')
    : stats.isSymbolicLink()
      ? readlinkSync(path)
      : ''
  return [relative(root, path), stats.mode.toString(8), stats.uid, stats.gid, content].join(' ')
}
