/**
 * `node collector.ts PORT`: takes what is posted, reads it to its end, and has nothing to say of it.
 * @module
 */

import { createServer } from 'node:http'

const [port = '0'] = process.argv.slice(2)
createServer((request, response) => {
  request.resume().once('end', () => response.end('{}'))
}).listen(Number(port), '127.0.0.1')
