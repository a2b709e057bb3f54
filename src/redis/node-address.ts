/**
 * Addresses of Redis servers, as settings and servers write them.
 * @module
 */

export interface NodeAddress {
  readonly host: string
  readonly port: number
}

/** Of `redis://host:port`, `host:port`, `[::1]:port` and, as servers write it, `::1:port`. */
export function hostPort(text: string): NodeAddress {
  const [, host = '', port] = /^(?:rediss?:\/\/)?(.*):(\d+)\/?$/.exec(text) ?? []
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
}

/** Under the names that servers give: `host:port` without brackets. */
export function natMapOf(addresses: Readonly<Record<string, string>>): Record<string, NodeAddress> {
  return Object.fromEntries(
    Object.entries(addresses).map(([from, to]) => [nameOf(hostPort(from)), hostPort(to)]),
  )
}

export function nameOf({ host, port }: NodeAddress): string {
  return `${host}:${port}`
}
