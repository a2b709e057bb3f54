/**
 * Values of labels that requests have part in: each out of a closed set, whatever a client sends.
 * @module
 */

/** The name that stands for «no route» in metrics; no route can have it. */
export const unmatchedRoute = '(none)'

const methods = 'GET HEAD POST PUT PATCH DELETE OPTIONS COPY PROPFIND REPORT MKCOL MOVE'.split(' ')
export const knownMethods = new Map(methods.map((method) => [method, method]))
const statusClasses = ['none', '1xx', '2xx', '3xx', '4xx', '5xx']

/** `none` where no response was begun. */
export function statusClass(status: number | undefined): string {
  return statusClasses[Math.trunc((status ?? 0) / 100)] ?? 'none'
}
