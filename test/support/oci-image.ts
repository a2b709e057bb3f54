/**
 * Container images made on the spot, without a network: an OCI layout of any number of layers, whose bytes are random to
 * look at and the same for the same seed.
 * @module
 */

import { createCipheriv, createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

export interface ImagePlan {
  /** Size of the one file in each layer, in bytes. */
  readonly layerBytes: readonly number[]
  /** Images of different seeds have no layer in common. */
  readonly seed: number
}

export interface Image {
  /** As skopeo names it. */
  readonly reference: string
  /** `sha256:…` of the manifest. */
  readonly digest: string
  readonly layers: readonly Descriptor[]
  readonly config: Descriptor
}

export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

const block = 512

/** Writes an image into a folder, which is made and must not hold another one. */
export function writeImage(folder: string, { layerBytes, seed }: ImagePlan): Image {
  const blobs = join(folder, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const put = (mediaType: string, bytes: Buffer): Descriptor => {
    const hash = sha256(bytes)
    writeFileSync(join(blobs, hash), bytes)
    return { mediaType, digest: `sha256:${hash}`, size: bytes.length }
  }
  const diffIds: string[] = []
  const layers = layerBytes.map((size, index) => {
    const layer = tarOf(`layer-${index}`, keystream(size, `${seed}/${index}`))
    diffIds.push(`sha256:${sha256(layer)}`)
    // Stored, not compressed: it is random anyway. But a layer that is no gzip would be made one on its way.
    return put('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(layer, { level: 0 }))
  })
  const config = put(
    'application/vnd.oci.image.config.v1+json',
    json({ architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } }),
  )
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = put(mediaType, json({ schemaVersion: 2, mediaType, config, layers }))
  writeFileSync(join(folder, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }))
  writeFileSync(join(folder, 'index.json'), json({ schemaVersion: 2, manifests: [manifest] }))
  return { reference: `oci:${folder}`, digest: manifest.digest, layers, config }
}

function keystream(size: number, seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size))
}

/** An archive (POSIX ustar) with one file. */
function tarOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(block)
  header.write(name, 0)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${octal(content.length)} `, 124)
  header.write(`${octal(0)} `, 136)
  // The checksum counts itself as spaces.
  header.write('        0', 148)
  header.write('ustar\u000000', 257, 'latin1')
  const checksum = header.reduce((sum, byte) => sum + byte, 0)
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148)
  const padding = Buffer.alloc((block - (content.length % block)) % block)
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * block)])
}

function octal(value: number): string {
  return value.toString(8).padStart(11, '0')
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
