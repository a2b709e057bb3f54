/**
 * compose.yaml as an engine reads it, and its services as processes in the image: with the command, environment,
 * mounts and secrets that the file gives them.
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { root } from './buildah.ts'
import type { Mount, RunOptions } from './run-in-image.ts'

export interface Service {
  readonly image?: string
  readonly command?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** `SOURCE:TARGET[:ro]`; a source that is no path is the name of a volume. */
  readonly volumes?: readonly string[]
  readonly secrets?: readonly string[]
  readonly ports?: readonly string[]
  readonly networks?: readonly string[]
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
}

export const composePath = join(root, 'compose.yaml')
export const composeFile: ComposeFile = parse(readFileSync(composePath, 'utf8'), { merge: true })

/** What the file's names of volumes and secrets are on this machine. */
export interface Places {
  readonly volumes: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
}

export function serviceOf(name: string): Service {
  const service = composeFile.services[name]
  if (service === undefined) throw new Error(`compose.yaml has no service ${name}`)
  return service
}

/** How a service runs in the image. */
export function runOptionsOf(name: string, { volumes, secrets }: Places): RunOptions {
  const service = serviceOf(name)
  const mounts = (service.volumes ?? []).map((text): Mount => {
    const [source = '', target = '', mode = 'rw'] = text.split(':')
    const place = source.startsWith('.') ? join(root, source) : found(volumes, source)
    return { source: place, target, mode: mode === 'ro' ? 'ro' : 'rw' }
  })
  const handed = (service.secrets ?? []).map((secret): Mount => {
    return { source: found(secrets, secret), target: `/run/secrets/${secret}`, mode: 'ro' }
  })
  return {
    ...(service.entrypoint === undefined ? {} : { entrypoint: service.entrypoint }),
    ...(service.command === undefined ? {} : { command: service.command }),
    env: service.environment ?? {},
    mounts: [...mounts, ...handed],
  }
}

function found(places: Readonly<Record<string, string>>, name: string): string {
  const place = places[name]
  if (place === undefined) throw new Error(`nothing stands for ${name}`)
  return place
}
