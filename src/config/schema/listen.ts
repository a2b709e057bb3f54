/**
 * The data plane: where clients connect, over TLS or not, and the bounds of what they may take up.
 * @module
 */

import { z } from 'zod'
import { byteSize, count, duration, flag } from './primitives.ts'
import { bodyRate, connectionsPerClient, overload } from './protection.ts'

const certificate = z.strictObject({
  certificate: z
    .string()
    .min(1)
    .describe(
      'Path of a PEM file: the certificate, and behind it its chain. Relative to the working directory.',
    ),
  key: z.string().min(1).describe('Path of the PEM file with its private key, unencrypted.'),
  names: z
    .array(
      z
        .string()
        .regex(
          /^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$/,
          'expected a name such as api.example.org or *.example.org',
        ),
    )
    .min(1)
    .optional()
    .describe('Names (SNI) that it is shown for, in lower case. Omitted: those of the certificate.'),
})

const clientCertificates = z
  .strictObject({
    ca: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Path of a PEM file with the authorities whose client certificates count. No other authority does.',
      ),
    mode: z
      .enum(['none', 'optional', 'required'])
      .default('none')
      .describe(
        '`required` lets no connection through without a verified certificate; `optional` notes a verified one in the log and takes any other for none.',
      ),
  })
  .prefault({})
  .describe('Certificates of clients. They are noted in the log and open nothing by themselves.')

export const tls = z
  .strictObject({
    certificates: z
      .array(certificate)
      .min(1)
      .describe('The first is shown to clients that name no host, or one that no certificate is for.'),
    minVersion: z
      .enum(['TLSv1.2', 'TLSv1.3'])
      .default('TLSv1.2')
      .describe('The oldest version of TLS that is spoken.'),
    http2: flag().prefault(true).describe('Whether clients are offered HTTP/2 beside HTTP/1.1.'),
    clientCertificates,
  })
  .describe('TLS towards clients. Its files are followed. Omitted: plain HTTP/1.1.')

export const listen = z
  .strictObject({
    address: z.string().default('127.0.0.1').describe('Address of the data plane.'),
    port: count(0, 65_535).prefault(8080).describe('Port of the data plane; 0 takes a free one.'),
    workers: z
      .union([z.literal('auto'), count(1, 64)], { error: 'expected auto or a whole number from 1 to 64' })
      .prefault(1)
      .describe(
        'Processes that take the connections of this port in turn, each a whole gateway; `auto` is one for each CPU that may be used. See docs/operations.md.',
      ),
    limits: z
      .strictObject({
        headerCount: count(1, 900).prefault(100).describe('Header lines of a request; more is 431.'),
        headerBytes: byteSize()
          .prefault('32KiB')
          .describe('Bytes of the request line and all headers; more is 431.'),
        targetBytes: byteSize().prefault('8KiB').describe('Bytes of the request target; more is 400.'),
        connections: count(1, 1_000_000)
          .prefault(20_000)
          .describe('Open client connections; more are closed at once, before any handshake.'),
        connectionsPerClient,
        streams: count(1, 10_000)
          .prefault(128)
          .describe(
            'Requests under way at once on one HTTP/2 connection. Clients are told; what exceeds it is refused.',
          ),
      })
      .prefault({}),
    tls: tls.optional(),
    timeouts: z
      .strictObject({
        handshake: duration()
          .prefault('10s')
          .describe('From the connection to the end of the TLS handshake.'),
        headers: duration().prefault('15s').describe('From the first byte to the last header; then 408.'),
        request: duration().prefault('1h').describe('From the first byte to the end of the body; then 408.'),
        keepAlive: duration().prefault('75s').describe('An idle connection between two requests.'),
        idle: duration().prefault('5m').describe('A connection on which no byte moves in either direction.'),
        drain: duration({ zero: true })
          .prefault('30s')
          .describe('How long requests in flight may take once the gateway has stopped listening.'),
        drainDelay: duration({ zero: true })
          .prefault('0s')
          .describe(
            'How long the gateway goes on listening once it is told to stop: /readyz says so at once, and whoever sends requests here needs that long to notice.',
          ),
      })
      .prefault({}),
    overload,
    bodyRate,
  })
  .prefault({})
  .describe('The data plane: where clients connect.')
