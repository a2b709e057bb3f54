/**
 * `node --expose-gc counted-gateway.ts UPSTREAM ROUTE [promises]` with an IPC channel: a gateway alone in its process, so that what the
 * process does is what the gateway does. Tells its port and a token, and from then on answers each question with a tally.
 * @module
 */

import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import { once } from 'node:events'
import { Server } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
import { startTestGateway } from '../../support/gateway.ts'

/** Everything is counted from the start of the process. */
export interface Tally {
  /** Made by a request or by what came of it, and by nothing that runs beside; counted when the process was told to. */
  readonly promises: number
  readonly allocatedBytes: number
  /** Held outside of what is young, once that was collected. */
  readonly oldBytes: number
  /** System calls that wrote to a TCP connection. */
  readonly writes: number
}

export interface Ready {
  readonly port: number
  readonly token: string
}

/** What `net` calls to send. */
const writers = ['writev', 'writeBuffer', 'writeUtf8String', 'writeLatin1String', 'writeAsciiString']

const [upstream = '', route = '', what] = process.argv.slice(2)
const counted = { promises: 0, writes: 0 }

process.once('disconnect', () => process.exit())
if (what === 'promises') countPromises()
await countWrites()
const { port, issue } = await startTestGateway(
  // It ends with its process.
  { teardown: () => {} },
  {
    upstream,
    routes: [{ match: { path: '/{rest*}' }, ...JSON.parse(route) }],
    // Longer than it is counted: none is signed anew meanwhile.
    assertion: { issuer: 'counted', lifetime: '10m' },
    log: { level: 'silent', requests: false },
  },
)
const { text: token } = await issue()
process.on('message', () => process.send?.(tally()))
process.send?.({ port, token } satisfies Ready)

/** What a request calls, awaits or listens to runs in its context; what began before it does not. */
function countPromises(): void {
  const inRequest = new AsyncLocalStorage<true>()
  const emit = Server.prototype.emit
  Server.prototype.emit = function (event: string, ...values: unknown[]) {
    return event === 'request'
      ? inRequest.run(true, () => emit.call(this, event, ...values))
      : emit.call(this, event, ...values)
  }
  createHook({
    init: (_id, type) => {
      if (type === 'PROMISE' && inRequest.getStore()) counted.promises++
    },
  }).enable()
}

/** Wraps the methods that all stream handles inherit, each of which is one system call as long as the kernel takes all. */
async function countWrites(): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port)
  const { _handle: handle } = socket as Socket & { _handle: object }
  const prototype: Record<string, unknown> = Object.getPrototypeOf(Object.getPrototypeOf(handle))
  for (const name of writers) {
    const write = prototype[name]
    if (typeof write !== 'function') throw new Error(`handles of streams have no ${name} any more`)
    prototype[name] = function (this: object, ...values: unknown[]) {
      if (this.constructor === handle.constructor) counted.writes++
      return write.apply(this, values)
    }
  }
  socket.destroy()
  server.close()
}

function tally(): Tally {
  globalThis.gc?.({ type: 'minor' })
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => !name.startsWith('new_'))
  return {
    ...counted,
    allocatedBytes: getHeapStatistics().total_allocated_bytes,
    oldBytes: spaces.reduce((sum, space) => sum + space.space_used_size, 0),
  }
}
