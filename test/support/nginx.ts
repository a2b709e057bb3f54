/**
 * A real nginx for tests: a server block of the test's own, or static files that can be uploaded with PUT.
 * @module
 */

import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { type Scope, type Server, serverFolder, startServer } from './private-server.ts'
import { findProgram } from './run-process.ts'

export interface NginxOptions {
  /** What stands inside `http { … }`; it must listen on 127.0.0.1 and the port given. Omitted: `fileServer`. */
  readonly config?: (port: number, folder: string) => string
}

export interface Nginx extends Server {
  /** Files below `FOLDER/files` are served at `/`. */
  readonly folder: string
}

/** Starts nginx in the foreground with one worker; it is stopped when the test is over. */
export async function startNginx(t: Scope, { config = fileServer }: NginxOptions = {}): Promise<Nginx> {
  const command = findProgram('nginx')
  if (command === undefined) throw new Error('nginx is not installed')
  const folder = serverFolder('nginx')
  const port = await freePort()
  const configFile = join(folder, 'nginx.conf')
  mkdirSync(join(folder, 'files'))
  writeFileSync(configFile, mainConfig(folder, config(port, folder)))
  const server = await startServer({
    command,
    args: ['-p', folder, '-c', configFile, '-e', 'stderr'],
    url: `http://127.0.0.1:${port}`,
    port,
    folder,
    // The master must be asked: were it killed, its worker would live on.
    abandonSignal: 'SIGTERM',
    ready: () => accepts(port),
  })
  t.teardown(() => server.stop())
  return Object.assign(server, { folder })
}

/** Static files with upload: PUT, DELETE and MKCOL of any size. */
function fileServer(port: number, folder: string): string {
  return `
    server {
      listen 127.0.0.1:${port};
      root ${folder}/files;
      client_max_body_size 0;
      location / {
        dav_methods PUT DELETE MKCOL;
        create_full_put_path on;
      }
    }`
}

function mainConfig(folder: string, http: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join('\n    ')
  return `
  ${process.getuid?.() === 0 ? `user ${userInfo().username};` : ''}
  daemon off;
  worker_processes 1;
  pid ${folder}/nginx.pid;
  error_log stderr warn;
  events { worker_connections 4096; }
  http {
    access_log off;
    default_type application/octet-stream;
    ${temporary}
    ${http}
  }`
}

async function accepts(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}
