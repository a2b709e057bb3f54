/**
 * Where something listens, as people write it.
 * @module
 */

/** `127.0.0.1:8080` or `[::1]:8080`. */
export function placeText({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
