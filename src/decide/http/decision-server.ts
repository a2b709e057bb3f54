/**
 * Where other proxies ask over HTTP: one path for each kind of them. A question that does not come from a proxy that has
 * proved itself is answered with a refusal, as everything is that cannot be read.
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Settings } from '../../config/schema/settings.ts'
import { withRateLimit } from '../../limits/rate-limit-fields.ts'
import { drain, Farewell } from '../../listen/draining.ts'
import { createHttp1Server, listen } from '../../listen/http1-server.ts'
import { Linger } from '../../listen/linger.ts'
import { certificateNamesOf, noteClientCertificate } from '../../listen/tls/client-certificate.ts'
import type { FollowedCertificates } from '../../listen/tls/followed-certificates.ts'
import { tlsOptions } from '../../listen/tls/tls-server.ts'
import type { Log } from '../../observability/log.ts'
import { valuesOfHeader, withoutHeaders } from '../../request/header-name.ts'
import { isRefusal } from '../../request/refusal.ts'
import type { HeaderPairs } from '../../rewrite/identity-headers.ts'
import { keySetType } from '../../tokens/assertions/key-set.ts'
import type { Allowed, Answer } from '../answer.ts'
import { type CopiedHeaders, compileCopiedHeaders } from '../copied-headers.ts'
import type { DecisionDesk } from '../decision-desk.ts'
import { type IdentifyProxy, type KnownProxy, proxySecretHeader } from '../known-proxies.ts'
import type { Rewriting } from '../rewriting.ts'
import { type HttpDoor, httpDoors } from './http-door.ts'

export interface DecisionServer {
  readonly address: string
  readonly port: number
  /** As that of the data plane. */
  close(): Promise<void>
}

export interface DecisionServerParts {
  readonly decision: NonNullable<Settings['decision']>
  /** Bounds of a question are those of a request, with room for what the proxy adds. */
  readonly listen: Settings['listen']
  readonly certificates: FollowedCertificates | undefined
  readonly desk: DecisionDesk
  readonly identify: IdentifyProxy
  /** The public keys of assertions, as a JSON Web Key Set. They are nobody's secret. */
  readonly keySet: () => string
  readonly log: Log
}

const keysPath = '/.well-known/jwks.json'
/** What a proxy says of a request comes on top of its head. */
const metadataBytes = 16 * 1024
const proofHeaders: ReadonlySet<string> = new Set([proxySecretHeader])

/** Throws what `listen` throws, for example `EADDRINUSE`. */
export async function openDecisionServer(parts: DecisionServerParts): Promise<DecisionServer> {
  const { decision, certificates } = parts
  const { limits, timeouts } = parts.listen
  const farewell = new Farewell()
  const linger = new Linger()
  const tls =
    certificates &&
    decision.tls &&
    tlsOptions({ ...decision.tls, http2: false }, certificates, timeouts.handshake)
  const bounds = { limits: { ...limits, headerBytes: limits.headerBytes + metadataBytes }, timeouts }
  const server = createHttp1Server(bounds, tls, {
    Response: farewell.Response,
    onRequest: (incoming, response) => {
      answerQuestion(incoming, response, parts).catch((error: unknown) => {
        // A defect, and no verdict: the proxy has to refuse.
        parts.log.error({ error }, 'the gateway failed on a question')
        response.destroy()
      })
    },
    // A proxy may ask about an upgrade with one. What it asks is no more than a question.
    shouldUpgrade: () => false,
    onUpgrade: (_incoming, socket) => socket.destroy(),
    onConnectMethod: (_incoming, socket) => socket.destroy(),
    onClientError: (_error, socket) => socket.destroy(),
  })
  server.on('secureConnection', (socket: TLSSocket) => noteClientCertificate(socket))
  certificates?.follow(() => {
    if ('setSecureContext' in server) server.setSecureContext(certificates.fallback)
  })
  const { address, port } = await listen(server, { host: decision.address, port: decision.port })
  const others = { leave: () => {}, closeAll: () => {} }
  return {
    address,
    port,
    close: () => drain(server, { farewell, linger, sessions: others, upgrades: others }, timeouts),
  }
}

async function answerQuestion(
  incoming: IncomingMessage,
  response: ServerResponse,
  { desk, identify, keySet }: DecisionServerParts,
): Promise<void> {
  const { url = '', method = '', rawHeaders, socket } = incoming
  if (url === keysPath && method === 'GET') {
    response.writeHead(200, { 'content-type': keySetType, 'cache-control': 'max-age=60' }).end(keySet())
    return
  }
  const door = httpDoors.get(/^\/([a-z]+)(?:[/?]|$)/.exec(url)?.[1] ?? '')
  if (door === undefined) {
    response.writeHead(404, { 'content-length': 0 }).end()
    return
  }
  const proxy = identify({
    secrets: valuesOfHeader(rawHeaders, proxySecretHeader),
    certificateNames: certificateNamesOf(socket),
  })
  const asked = isRefusal(proxy)
    ? proxy
    : door.read({ method, url, rawHeaders: withoutHeaders(rawHeaders, proofHeaders) })
  const { name, copied } = isRefusal(proxy) ? unknownProxy : proxy
  const asker = {
    proxy: name,
    door: door.name,
    problemOf: (rewriting: Rewriting) => copied.problemOf(rewriting, door.removesAny),
  }
  const question = desk.ask(asked, asker, socket.remoteAddress)
  response.once('close', () => question.abandon())
  const answer = await question.answered
  if (response.destroyed) return
  write(response, answer, copied.linesOf, door)
}

/** Stands for whoever has not proved itself, in the log. It is told nothing but that. */
const unknownProxy: KnownProxy = { name: '(unknown)', copied: compileCopiedHeaders([]) }

function write(
  response: ServerResponse,
  answer: Answer,
  linesOf: CopiedHeaders['linesOf'],
  door: HttpDoor,
): void {
  if (answer.kind === 'refused') {
    const { status, headers, body } = answer
    response.writeHead(door.statusOf(status), [...headers, 'x-sallyport-status', String(status)])
    response.end(body)
    return
  }
  const { grant, exchange } = answer.granted
  const told = ['content-length', '0', 'cache-control', 'no-store', 'x-request-id', exchange.id]
  told.push('x-sallyport-owner', String(grant.isOwner), ...linesOf(answer.rewriting))
  if (door.removesAny) told.push(...removalsOf(answer))
  response.writeHead(200, withRateLimit(told, exchange.notes.standings))
  response.end()
  answer.close()
}

/** The header of Envoy that has others removed from the request. */
function removalsOf({ rewriting: { changed, lines } }: Allowed): HeaderPairs {
  const removed = changed.filter((name) => !lines.has(name))
  return removed.length === 0 ? [] : ['x-envoy-auth-headers-to-remove', removed.join(',')]
}
