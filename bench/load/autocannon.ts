/**
 * autocannon, for machines without wrk: requests as a HAR file, the only form in which it takes different ones in turn.
 * Its latencies are whole milliseconds.
 * @module
 */

import { headersOf, type Load, type Traffic } from './traffic.ts'

/** One entry for each token. */
export function recordedRequests(url: string, traffic: Traffic) {
  const { method, path, bodyBytes, tokens } = traffic
  const entries = Array.from({ length: Math.max(1, tokens.length) }, (_, turn) => ({
    request: {
      method,
      url: new URL(path, url).href,
      headers: headersOf(traffic, turn).map(([name, value]) => ({ name, value })),
      ...(bodyBytes > 0 ? { postData: { text: 'x'.repeat(bodyBytes) } } : {}),
    },
  }))
  return { log: { version: '1.2', creator: {}, entries } }
}

/** Throws when a connection or an answer was lost. */
export function parseAutocannon(output: string): Load {
  const result = JSON.parse(output.slice(output.indexOf('{')))
  const { duration, errors, timeouts, non2xx, '2xx': served, latency } = result
  if (errors !== 0 || timeouts !== 0) throw new Error(`load failed:\n${output}`)
  return {
    requests: served + non2xx,
    refused: non2xx,
    seconds: duration,
    p50Us: latency.p50 * 1000,
    p99Us: latency.p99 * 1000,
    p999Us: latency.p99_9 * 1000,
  }
}
