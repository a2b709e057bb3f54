/**
 * A folder on the machine that stands for a volume: it belongs to the user of the image, as a new volume does.
 * @module
 */

import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from '../support/private-server.ts'
import type { Image } from './image.ts'

export function dataFolder(t: Scope, { config }: Image): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-volume-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [uid, gid] = config.User.split(':').map(Number)
  if (uid === undefined || gid === undefined) throw new Error('the user of the image is no number')
  chownSync(folder, uid, gid)
  return folder
}
