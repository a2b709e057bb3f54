/**
 * What one of several workers takes of the bounds that hold for all of them together.
 * @module
 */

import type { Settings } from '../config/schema/settings.ts'

/**
 * An equal share of each number of connections and requests, rounded up; 0, which is no bound, stays 0. Connections come
 * to workers in turn, so that shares fill up together; a client whose connections fall unevenly meets its bound sooner.
 */
export function shareOfWorker(listen: Settings['listen'], workers: number): Settings['listen'] {
  const share = (bound: number) => Math.ceil(bound / workers)
  const { limits, overload } = listen
  const { connections, connectionsPerClient } = limits
  return {
    ...listen,
    limits: {
      ...limits,
      connections: share(connections),
      connectionsPerClient: share(connectionsPerClient),
    },
    overload: { ...overload, requests: share(overload.requests) },
  }
}
