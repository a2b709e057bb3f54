/**
 * The image that the Dockerfile makes, built by its own steps, and opened as a folder.
 * @module
 */

import { baseName, npmCacheInBase } from './base-image.ts'
import { buildah } from './buildah.ts'

/** The one that the tests share. */
export const imageName = 'localhost/sallyport:test'

/** What an engine reads of it: as the Docker format names it. */
export interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly WorkingDir: string
  readonly StopSignal: string
  readonly ExposedPorts: Readonly<Record<string, unknown>>
  readonly Healthcheck: { readonly Test: readonly string[] }
}

export interface Image {
  /** Its files, in a layer of their own that is thrown away: an engine makes mount points as well. */
  readonly root: string
  readonly config: ImageConfig
  close(): void
}

export function buildImage(name: string): void {
  const cache = process.env.npm_config_cache
  buildah(
    'build',
    '--isolation=chroot',
    // Only this format has a HEALTHCHECK.
    '--format=docker',
    `--build-arg=BASE=${baseName}`,
    ...(cache === undefined ? [] : [`--volume=${cache}:${npmCacheInBase}`]),
    `--tag=${name}`,
    '.',
  )
}

export function openImage(name: string): Image {
  const container = buildah('from', '--pull-never', name)
  return {
    root: buildah('mount', container),
    config: JSON.parse(buildah('inspect', '--type=image', name)).Docker.config,
    close: () => void buildah('rm', container),
  }
}
