/**
 * What the chart installs, run as its containers say: the same configuration, the same commands, the same variables.
 * Only places differ that a pod has to itself: ports, addresses and the folder of the key ring.
 * @module
 */

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/lib/clock.ts'
import { newKeyRing } from '../../src/tokens/keys/key-ring-text.ts'
import { freePort } from '../support/free-port.ts'
import { freshDatabase } from '../support/postgres.ts'
import type { Scope } from '../support/private-server.ts'
import { sharedRedisUrl } from '../support/redis.ts'
import { type RunningProcess, runProcess } from '../support/run-process.ts'
import { until } from '../support/until.ts'
import { type KubernetesObject, objectsOf, only, render, type Values } from './chart.ts'

export interface Deployed {
  /** Where clients connect, or in mode decision where proxies ask. */
  readonly port: number
  /** In mode decision, where an Envoy asks by gRPC. */
  readonly grpcPort: number
  readonly adminPort: number
  /** Runs the containers of the Job in their order, up to one that fails. Yields what became of the last. */
  prepare(): Promise<Outcome>
  /** Runs another command on the same configuration. */
  command(...words: readonly string[]): Promise<Outcome>
  /** Brings another `config` to where a running gateway reads it, as the node does. */
  upgrade(config: Values): void
  /** Runs the gateway; ended when the test is over. It may still be starting. */
  serve(): Promise<RunningProcess>
}

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface Container {
  readonly command: readonly string[]
}

const main = join(import.meta.dirname, '../../src/main.ts')

/** What a proxy proves itself by in mode decision. */
export const proxySecret = 'secret-of-the-ingress-controller'

/** Renders a mode with Redis, an upstream and what is given as `config`, over which an upgrade may go. */
export async function deploy(
  t: Scope,
  upstream: string,
  config: Values = {},
  plan: 'standalone' | 'decision' = 'standalone',
): Promise<Deployed> {
  const [port, grpcPort, adminPort] = [await freePort(), await freePort(), await freePort()]
  const listener = { address: '127.0.0.1', port }
  const listeners =
    plan === 'standalone'
      ? { listen: listener }
      : {
          listen: { port: await freePort() },
          decision: { ...listener, grpc: { enabled: true, port: grpcPort } },
        }
  const release = (config: Values) =>
    objectsOf(
      render(plan, {
        ...listeners,
        admin: { address: '127.0.0.1', port: adminPort },
        drain: { delaySeconds: 0 },
        secrets: { redis: { name: 'sallyport-redis' } },
        config: { upstreams: { legacy: { url: upstream } }, ...config },
      }),
    )
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-deployed-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const mount = mountConfigMap(folder)
  const write = (objects: readonly KubernetesObject[]) => {
    const text: string = only(objects, 'ConfigMap', '-config').data['sallyport.yaml']
    mount(text.replace('/run/sallyport/keys', folder))
  }
  const objects = release(config)
  write(objects)
  writeFileSync(join(folder, 'keys.json'), newKeyRing(systemClock).reveal(), { mode: 0o600 })
  const env = {
    DATABASE_URL: await freshDatabase(t),
    REDIS_URL: sharedRedisUrl(),
    ...(plan === 'decision' && { PROXY_SECRET: proxySecret }),
  }

  /** `node dist/main.js WORDS`, with the sources in place of what is compiled. */
  const wordsOf = ({ command }: Container) => [
    main,
    ...command.slice(2).map((word) => word.replace('/etc/sallyport', folder)),
  ]
  const job = only(objects, 'Job').spec.template.spec
  const [gateway] = only(objects, 'Deployment').spec.template.spec.containers

  return {
    port,
    grpcPort,
    adminPort,
    async prepare() {
      let last: Outcome = { code: 0, stdout: '', stderr: '' }
      for (const container of [...job.initContainers, ...job.containers]) {
        last = await run(wordsOf(container), env)
        if (last.code !== 0) break
      }
      return last
    },
    command: (...words) => run([main, ...words, '--config', join(folder, 'sallyport.yaml')], env),
    upgrade: (config) => write(release(config)),
    async serve() {
      const running = await runProcess(process.execPath, { args: wordsOf(gateway), env })
      t.teardown(() => running.stop())
      return running
    },
  }
}

/** Yields what replaces the file as a node replaces that of a mounted ConfigMap: by one symbolic link of its folder. */
function mountConfigMap(folder: string): (text: string) => void {
  let version = 0
  symlinkSync('..data/sallyport.yaml', join(folder, 'sallyport.yaml'))
  return (text) => {
    const next = `..version-${++version}`
    mkdirSync(join(folder, next))
    writeFileSync(join(folder, next, 'sallyport.yaml'), text)
    symlinkSync(next, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  }
}

/** Resolves when a gateway has said where it listens, or has ended. */
export async function started(running: RunningProcess): Promise<void> {
  let hasEnded = false
  void running.ended.then(() => {
    hasEnded = true
  })
  await until(() => hasEnded || running.output().includes('"dataPlane"'), 30_000)
}

function run(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, words, { env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}
