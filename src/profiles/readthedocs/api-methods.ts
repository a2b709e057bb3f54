/**
 * Which methods the resources of the API have. Whoever has a key is told about others before it is looked at what the key
 * is for, as by Read the Docs itself.
 * @module
 */

export const revocationPath = '/api/v2/revoke/'

const reading = ['GET', 'HEAD', 'OPTIONS']
const editing = ['GET', 'PUT', 'PATCH', 'HEAD', 'OPTIONS']
const creating = ['GET', 'POST', 'HEAD', 'OPTIONS']
const acting = ['POST', 'OPTIONS']

/** The first that fits counts. Domains are missing: there a key is as good as none. */
const resources: readonly (readonly [path: RegExp, methods: readonly string[]])[] = [
  [/^\/api\/v2\/revoke\/$/, ['POST']],
  [/^\/api\/v2\/(project|version|build|build\/concurrent)\/$/, reading],
  [/^\/api\/v2\/command\/$/, creating],
  [/^\/api\/v2\/(project|version|build|command)\/[^/]+\/$/, editing],
  [/^\/api\/v2\/build\/[^/]+\/(reset|credentials\/storage)\/$/, acting],
]

/** In the order in which `Allow` has them; `undefined` where the service has to say it. */
export function methodsAt(path: string): readonly string[] | undefined {
  return resources.find(([pattern]) => pattern.test(path))?.[1]
}
