/**
 * The end of a listener: answers tell clients to go, the port stays open for as long as those who send requests here
 * need to notice, and then what is under way has its time.
 * @module
 */

import {
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type Server,
  ServerResponse,
} from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Http2Sessions } from './http2/sessions.ts'
import type { Linger } from './linger.ts'
import type { Upgrades } from './upgrades.ts'

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[]

/** How soon a connection that falls idle while the listener closes is closed. */
const sweepIntervalMs = 50

/** Whether answers still invite to another request. */
export class Farewell {
  #isSaid = false

  /** The responses of a server: each that is begun from now on says `Connection: close`, also to a request before. */
  readonly Response = this.#responseClass()

  say(): void {
    this.#isSaid = true
  }

  #responseClass() {
    const isSaid = () => this.#isSaid
    return class<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
      // Node itself calls it for a response without a head of its own. It tells its two forms apart by the second argument.
      override writeHead(status: number, reason?: string | Headers, headers?: Headers): this {
        if (isSaid()) this.shouldKeepAlive = false
        return super.writeHead(status, reason as string, headers)
      }
    }
  }
}

/** What of a listener is told to go. */
interface Leaving {
  readonly farewell: Farewell
  readonly sessions: Pick<Http2Sessions, 'leave' | 'closeAll'>
  readonly upgrades: Pick<Upgrades, 'closeAll'>
  readonly linger: Pick<Linger, 'closeAll'>
}

/** Goes on serving for `drainDelay`, then stops listening, and breaks off what is left after `drain`. */
export async function drain(
  server: Server,
  { farewell, sessions, upgrades, linger }: Leaving,
  { drainDelay: delayMs, drain: drainMs }: { readonly drainDelay: number; readonly drain: number },
): Promise<void> {
  farewell.say()
  sessions.leave()
  if (delayMs > 0) await sleep(delayMs)
  const force = setTimeout(() => {
    server.closeAllConnections()
    sessions.closeAll()
    upgrades.closeAll()
    linger.closeAll()
  }, drainMs)
  // Node keeps a connection alive that was busy when the listener closed, and would wait for its client to leave.
  const sweep = setInterval(() => server.closeIdleConnections(), sweepIntervalMs)
  await promisify(server.close.bind(server))()
  clearInterval(sweep)
  clearTimeout(force)
}
