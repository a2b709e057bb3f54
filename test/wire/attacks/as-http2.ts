/**
 * The rows of HTTP/1 as HTTP/2 would say them: the same targets, hosts and header lines, and the same verdicts. What
 * belongs to connections of HTTP/1 breaks its stream off there.
 * @module
 */

import type { HeaderLine } from '../../support/recording-upstream.ts'
import { type Attack, credential, type Input } from './attack.ts'
import type { Http2Attack, Http2Input, Http2Verdict } from './http2-attack.ts'

const ofConnections = /^(connection|keep-alive|proxy-connection|transfer-encoding|upgrade)$/

export function asHttp2({ id, title, inputs }: Attack): Http2Attack {
  return { id, title: `over HTTP/2: ${title}`, inputs: inputs.map(inputAsHttp2) }
}

function inputAsHttp2(input: Input): Http2Input {
  const [head = '', body = ''] = splitOnce(input.bytes, '\r\n\r\n')
  const [requestLine = '', ...written] = head.split('\r\n')
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.1$/s.exec(requestLine) ?? []
  const lines = written.filter((line) => line !== credential).map(headerLine)
  const hosts = lines.filter(([name]) => name === 'host')
  const [first, second] = hosts
  return {
    // Two stay what they are: an :authority and a Host that agree are one host.
    pseudo: {
      ':method': method,
      ':authority': second === undefined ? (first?.[1] ?? null) : null,
      ':path': target,
    },
    lines: [...lines.filter(([name]) => name !== 'host'), ...(second === undefined ? [] : hosts)],
    data: body === '' ? [] : [body],
    ...verdict(input, target, lines),
  }
}

function verdict(input: Input, target: string, lines: readonly HeaderLine[]): Http2Verdict {
  const isOfHttp1 = !target.startsWith('/') || lines.some(([name]) => ofConnections.test(name))
  if (isOfHttp1) return { refused: 'broken' }
  return 'refused' in input ? { refused: input.refused, orBroken: true } : { carried: input.carried }
}

function headerLine(line: string): HeaderLine {
  const [name = '', value = ''] = splitOnce(line, ':')
  return [name.toLowerCase(), value.replace(/^ /, '')]
}

function splitOnce(text: string, by: string): readonly string[] {
  const at = text.indexOf(by)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + by.length)]
}
