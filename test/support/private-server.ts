/**
 * A real server of the test's own, on 127.0.0.1 and in a temporary folder, with the ways it can fail:
 * stopped, killed, frozen, and started again on the same port with the same data.
 * @module
 */

import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { signalTree } from './process-tree.ts'
import { type ProcessOptions, type RunningProcess, runProcess } from './run-process.ts'

/** Whatever runs functions when it is over: tap's `t`, or a list kept by hand. */
export interface Scope {
  teardown(fn: () => unknown): void
}

export interface Server {
  readonly url: string
  readonly port: number
  /** Changes with `restart`. */
  readonly pid: number
  /** Ends the server in good order and removes its folder. Idempotent. */
  stop(): Promise<void>
  /** SIGKILL to every process of it; the data stay for `restart`. */
  kill(): Promise<void>
  /** SIGSTOP to every process of it: connections stay open, and nothing answers. */
  freeze(): void
  thaw(): void
  /** Ends the server if it runs and starts it again, same port and data. */
  restart(): Promise<void>
}

export interface ServerPlan extends ProcessOptions {
  readonly command: string
  readonly url: string
  readonly port: number
  /** Removed with the server. */
  readonly folder: string
  /** Rejects as long as the server does not answer. */
  readonly ready: () => Promise<unknown>
}

const startDeadlineMs = 30_000
const folders = new Set<string>()
process.once('exit', () => {
  for (const folder of folders) removeFolder(folder)
})

/** Starts a server and waits until it answers; throws with its output when it does not within 30 seconds. */
export async function startServer(plan: ServerPlan): Promise<Server> {
  let running = await launch(plan)
  let isStopped = false
  return {
    url: plan.url,
    port: plan.port,
    get pid() {
      return running.pid
    },
    async stop() {
      if (isStopped) return
      isStopped = true
      await running.stop()
      removeFolder(plan.folder)
    },
    kill: () => running.kill(),
    freeze: () => signalTree(running.pid, 'SIGSTOP'),
    thaw: () => signalTree(running.pid, 'SIGCONT'),
    async restart() {
      await running.stop()
      running = await launch(plan)
    },
  }
}

/** A new temporary folder, which goes when this process does even if nobody stops the server that uses it. */
export function serverFolder(name: string, user?: { readonly uid: number; readonly gid: number }): string {
  const folder = mkdtempSync(join(tmpdir(), `sallyport-${name}-`))
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  folders.add(folder)
  return folder
}

/** Tries again, for a second at most, while a server that was told to end still writes. */
function removeFolder(folder: string): void {
  for (let attempt = 0; existsSync(folder) && attempt < 20; attempt++) {
    try {
      rmSync(folder, { recursive: true, force: true })
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    }
  }
}

async function launch(plan: ServerPlan): Promise<RunningProcess> {
  const running = await runProcess(plan.command, plan)
  let ended: number | string | undefined
  void running.ended.then((outcome) => {
    ended = outcome
  })
  const deadline = performance.now() + startDeadlineMs
  for (;;) {
    try {
      await plan.ready()
      return running
    } catch (error) {
      if (ended === undefined && performance.now() < deadline) {
        await sleep(25)
        continue
      }
      await running.kill()
      throw new Error(`${plan.command} did not start (${ended ?? 'no answer'}):\n${running.output()}`, {
        cause: error,
      })
    }
  }
}
