/**
 * `node decision-service.ts PORT TOKENS`: the least that can answer nginx' `auth_request`: 204 for a bearer token of the file, one a
 * line, else 401.
 * @module
 */

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const [port, file = ''] = process.argv.slice(2)
const tokens = readFileSync(file, 'utf8').split('\n')
const subjects = new Map(tokens.map((token) => [`Bearer ${token}`, 'alice']))

const server = createServer((request, response) => {
  response.statusCode = subjects.has(request.headers.authorization ?? '') ? 204 : 401
  response.end()
})
server.keepAliveTimeout = 0
server.listen(Number(port), '127.0.0.1', 4096)
