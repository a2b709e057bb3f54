/**
 * `node fixed-response.ts PORT BODY`: answers every request with that body. Stands in where nginx is missing.
 * @module
 */

import { createServer } from 'node:http'

const [port, body] = process.argv.slice(2)

createServer((_request, response) => {
  response.setHeader('Content-Type', 'text/plain')
  response.end(body)
}).listen(Number(port), '127.0.0.1')
