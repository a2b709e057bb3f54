/**
 * Generates `src/decide/grpc/generated/` from the published definitions of Envoy and gRPC, as the packages that the lock
 * file pins have them: only what the doors speak, without what the definitions say to validators and documentation.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { argv, env } from 'node:process'

const modules = resolve(import.meta.dirname, '../node_modules')
const published = ['envoy-api', 'googleapis', 'protoc-gen-validate', 'xds'].map((name) =>
  join(modules, '@grpc/grpc-js-xds/deps', name),
)

const services = [
  'envoy/service/auth/v3/external_auth.proto',
  'envoy/service/ext_proc/v3/external_processor.proto',
]
const healthFile = join(modules, 'grpc-health-check/proto/health/v1/health.proto')

/** Generate into `target`, which is made anew. Needs no network. */
function generate(target: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'protos-'))
  try {
    const sources = join(folder, 'protos')
    for (const file of services) gather(file, sources)
    place(healthFile, join(sources, 'grpc/health/v1/health.proto'))
    writeFileSync(join(folder, 'buf.yaml'), 'version: v2\nmodules:\n  - path: protos\n')
    writeFileSync(join(folder, 'buf.gen.yaml'), JSON.stringify(template))
    const path = [join(modules, '.bin'), env.PATH].join(delimiter)
    execFileSync('buf', ['generate'], { cwd: folder, env: { ...env, PATH: path }, stdio: 'inherit' })
    rmSync(target, { recursive: true, force: true })
    cpSync(join(folder, 'generated'), target, { recursive: true })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** JSON is YAML. */
const template = {
  version: 'v2',
  inputs: [
    {
      directory: '.',
      types: [
        'envoy.service.auth.v3.Authorization',
        'envoy.service.ext_proc.v3.ExternalProcessor',
        'grpc.health.v1.Health',
      ],
      exclude_types: [
        'validate.rules',
        'validate.required',
        'validate.disabled',
        'udpa.annotations',
        'xds.annotations.v3',
        'envoy.annotations',
      ],
    },
  ],
  plugins: [
    {
      local: 'protoc-gen-es',
      out: 'generated',
      opt: ['target=ts', 'erasable_syntax=true', 'import_extension=ts'],
    },
  ],
}

/** The file, and all that it imports. What Google's own types need comes with the compiler. */
function gather(file: string, sources: string): void {
  const to = join(sources, file)
  if (file.startsWith('google/protobuf/') || existsSync(to)) return
  const from = published.map((root) => join(root, file)).find(existsSync)
  if (from === undefined) throw new Error(`${file} is in no package`)
  place(from, to)
  const text = readFileSync(from, 'utf8')
  for (const [, imported = ''] of text.matchAll(/^import (?:public )?"([^"]+)";/gm)) gather(imported, sources)
}

function place(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, to)
}

generate(resolve(argv[2] ?? join(import.meta.dirname, '../src/decide/grpc/generated')))
