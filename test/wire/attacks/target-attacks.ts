/**
 * Targets and hosts with two readings.
 * @module
 */

import { type Attack, credential, get, host, type Input, message, refusedAll } from './attack.ts'

const refusedTargets = (...targets: readonly string[]) =>
  refusedAll(
    'malformed_target',
    targets.map((target) => get(target)),
  )

const refusedHosts = (...lines: readonly (readonly string[])[]): readonly Input[] =>
  refusedAll(
    'malformed_host',
    lines.map((hosts) => message(['GET /public/x HTTP/1.1', ...hosts, credential])),
  )

export const targetAttacks: readonly Attack[] = [
  {
    id: 'B01',
    title: 'dot segments are refused, wherever they lead',
    inputs: refusedTargets(
      ...['/public/../admin', '/..', '/../admin', '/public/..', '/public/../../admin', '/public/../public/x'],
    ),
  },
  {
    id: 'B02',
    title: 'dot segments are refused in every encoding',
    inputs: refusedTargets(
      ...['/public/%2e%2e/admin', '/public/%2E%2E/admin', '/public/.%2e/admin', '/public/%2E./admin'],
      ...['/%2e%2e', '/public/x/%2e%2E'],
    ),
  },
  {
    id: 'B03',
    title: 'what a server could decode twice is refused',
    inputs: refusedTargets(
      ...['/public/%252e%252e/admin', '/public/%252fadmin', '/public/%25', '/public/%2500', '/public/%253b'],
    ),
  },
  {
    id: 'B04',
    title: 'a segment that is a single dot is refused',
    inputs: refusedTargets('/public/%2e/admin', '/public/./admin', '/public/.', '/public/%2E', '/./admin'),
  },
  {
    id: 'B05',
    title: 'two slashes in a row are refused',
    inputs: refusedTargets('/public//admin', '//admin', '//evil.example/admin', '/public/admin//', '///'),
  },
  {
    id: 'B06',
    title: 'slashes and backslashes are refused when they are encoded, in either case',
    inputs: refusedTargets(
      ...['/public/%2fadmin', '/public/%2Fadmin', '/public%2f..%2fadmin', '/public/%5cadmin'],
      ...['/public/%5C..%5Cadmin', '/public\\..\\admin', '/public\\admin', '/%2f%2Fevil.example/'],
    ),
  },
  {
    id: 'B08',
    title: 'path parameters behind dots are refused',
    inputs: refusedTargets(
      ...['/public/..;/admin', '/public/..;x=y/admin', '/public/.;/admin', '/public/..%3b/admin'],
      ...['/public/..%3B/admin', '/..;/..;/admin'],
    ),
  },
  {
    id: 'B09',
    title: 'path parameters are refused',
    inputs: refusedTargets('/admin;x=y', '/admin;', '/admin%3Bx=y', '/;/admin', '/a/;jsessionid=1', '/a;b/c'),
  },
  {
    id: 'B11',
    title: 'a fragment is refused, before and behind the query',
    inputs: refusedTargets('/public/x?a=1#f', '/public/x#f', '/public#/../admin', '/#', '/public/x?#'),
  },
  {
    id: 'B12',
    title: 'encoded control characters are refused',
    inputs: refusedTargets(
      ...['/public/a%00b', '/public/%00', '/public/a%0d%0aX-Admin:%201', '/public/%0a', '/public/%09'],
      ...['/public/%1f', '/public/%7f', '/public/%7F', '/public/%c2%85', '/admin%00/../public'],
    ),
  },
  {
    id: 'B14',
    title: 'over-long, broken and invalid encodings are refused, and are no fault of the gateway',
    inputs: refusedTargets(
      ...['/%c0%ae%c0%ae/admin', '/%c0%af', '/%e0%80%af', '/%f0%80%80%af', '/%ff', '/%fe', '/%80', '/%c3'],
      ...['/%zz', '/%', '/%4', '/a%4', '/%u002e%u002e/admin', '/%ed%a0%80', '/%f4%90%80%80', '/%EF%BC%8F%c0'],
    ),
  },
  {
    id: 'B17',
    title: 'the absolute form is taken for the host that Host names, and for no other',
    inputs: [
      ...refusedTargets(
        ...['http://evil.example/public/x', 'http://gate.example:81/public/x', 'http://gate.example.evil/x'],
        ...['http://gate.example@evil.example/x', 'http://u:p@gate.example/x', 'ftp://gate.example/x'],
        ...['http://gate.example//admin', 'http://gate.example/../admin', 'http:///public/x'],
        ...['http://', 'https://evil.example/public/x'],
      ),
      { bytes: get('http://gate.example\\@evil.example/x'), refused: 'malformed_request' },
      { bytes: get('http://gate.example/public/x?y'), carried: { target: '/public/x?y' } },
      { bytes: get('HTTP://GATE.example/public/x'), carried: { target: '/public/x' } },
    ],
  },
  {
    id: 'B18',
    title: 'a Host that is missing, repeated or no host is refused',
    inputs: refusedHosts(
      ...[[], [host, host], [host, 'Host: evil.example'], ['Host: evil.example', 'HOST: gate.example']],
      ...['a b/../c', 'gate.example/../c', 'gate.example#x', 'gate.example?x', '', 'gate.example\tx']
        .concat(['a,b', 'gate.example:', ':80', 'gate.example:80:80', 'gate.example:0', 'gate.example:65536'])
        .concat(['user@gate.example', '[::1', '[::1]x', '[:::::::]', '[....]', '[1.2]', '[::1.2]', '::1'])
        .concat(['gate.example\\x', '"gate.example"', 'gate.example;x', '<script>', '%67ate.example'])
        .concat(['gate..example', '.gate.example', 'gate.example..', 'g\u00e4te.example', 'gate.example:8o'])
        .map((value) => [`Host: ${value}`]),
    ),
  },
]
