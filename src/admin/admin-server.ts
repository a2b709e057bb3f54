/**
 * The admin listener: whether the process runs (`/livez`), whether it should get traffic (`/readyz`), what it
 * counts (`/metrics`), and its public keys (`/.well-known/jwks.json`). Everything else is 404. It shares nothing with the data plane but the process.
 * @module
 */

import Fastify, { type FastifyError, type FastifyReply } from 'fastify'
import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import { type RefusalCode, refuse } from '../request/refusal.ts'
import { keySetType } from '../tokens/assertions/key-set.ts'
import { judgeReadiness, type ReadinessProbe } from './readiness.ts'

/** A listener that runs. */
export interface AdminServer {
  readonly address: string
  /** The port in use, also where 0 was asked for. */
  readonly port: number
  /** Stop listening and close every connection. Idempotent. */
  close(): Promise<void>
}

/** Deadline of a readiness probe; kubelet's own default is one second. */
const readinessTimeoutMs = 900

/** Where it listens, and what it tells. */
export interface AdminParts {
  readonly address: string
  readonly port: number
  readonly readiness: ReadinessProbe
  readonly metrics: Pick<Metrics, 'contentType' | 'expose'>
  /** The public keys, as JSON. */
  readonly keySet: () => Promise<string>
  readonly log: Log
}

/** Listen; throws what `listen` throws, for example `EADDRINUSE`. */
export async function startAdmin(options: AdminParts): Promise<AdminServer> {
  const { readiness, metrics, keySet, log } = options
  const server = Fastify({
    logger: false,
    forceCloseConnections: true,
    keepAliveTimeout: 5000,
    connectionTimeout: 10_000,
    requestTimeout: 5000,
    frameworkErrors: (_error, _request, reply) => sendProblem(reply, 'not_found'),
  })

  // Nothing here reads a body, so none is parsed, and none can be refused for its type or its size.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', (_request, _payload, done) => done(null))
  server.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
  })

  server.get('/livez', async (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'))
  server.get('/readyz', async (_request, reply) => {
    const verdict = await judgeReadiness(readiness, readinessTimeoutMs, log)
    return reply.code(verdict.ready ? 200 : 503).send(verdict)
  })
  server.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.expose()),
  )
  server.get('/.well-known/jwks.json', async (_request, reply) =>
    reply
      .type(keySetType)
      .header('cache-control', 'max-age=60')
      .send(await keySet()),
  )

  server.setNotFoundHandler((_request, reply) => sendProblem(reply, 'not_found'))
  server.setErrorHandler((error: FastifyError, _request, reply) => {
    log.error({ error }, 'the admin listener failed to answer')
    return sendProblem(reply, 'internal_error')
  })

  await server.listen({ host: options.address, port: options.port })
  const bound = server.server.address()
  if (bound === null || typeof bound === 'string') throw new Error('the admin listener has no port')
  return { address: bound.address, port: bound.port, close: () => server.close() }
}

/** RFC 9457. */
function sendProblem(reply: FastifyReply, code: RefusalCode): FastifyReply {
  const { status, title } = refuse(code, 'admin listener')
  return reply
    .code(status)
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title, status, code }))
}
