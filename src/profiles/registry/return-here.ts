/**
 * Where an answer sends its client on to. A registry makes absolute URLs of the host that it believes to be reached at; what
 * leads to itself is shown as a path, so that the client comes back by the way that it came.
 * @module
 */

/** Storage of another origin stays as it is: nothing of the gateway's is sent there. `hosts` are the registry's own. */
export function returningHere(headers: string[], hosts: readonly string[]): string[] {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() !== 'location') continue
    headers[index + 1] = pathAt(headers[index + 1] ?? '', hosts)
  }
  return headers
}

function pathAt(location: string, hosts: readonly string[]): string {
  const [, host = '', path] = /^https?:\/\/([^/?#]+)(\/(?!\/).*)$/i.exec(location) ?? []
  return path !== undefined && hosts.includes(host.toLowerCase()) ? path : location
}
