/**
 * Stands in for Read the Docs: its API version 2 as far as builders use it, with an authorization of its own, and the two
 * projects that the tests are about. It knows the gateway's credential for all projects, and keys of its own for one.
 * @module
 */

import type { Scope } from '../../support/private-server.ts'
import {
  type RecordedRequest,
  type RecordingUpstream,
  type Reply,
  recordingUpstream,
} from '../../support/recording-upstream.ts'

/** What the gateway presents there. */
export const serviceToken = 'service-s3cret'

export interface Command {
  build: number
  command: string
}

/** All that it has. Project 1 is `pip`, project 2 `tox`, both public; 3 is `secret` and private. */
export class ReadTheDocs {
  readonly projects = new Map([
    ['1', { slug: 'pip', isPublic: true }],
    ['2', { slug: 'tox', isPublic: true }],
    ['3', { slug: 'secret', isPublic: false }],
  ])
  readonly builds = new Map([
    ['11', '1'],
    ['12', '1'],
    ['22', '2'],
  ])
  readonly versions = new Map([
    ['111', '1'],
    ['222', '2'],
  ])
  readonly commands = new Map<string, Command>([
    ['71', { build: 11, command: 'make html' }],
    ['72', { build: 22, command: 'tox -e docs' }],
  ])
  readonly notifications: unknown[] = []
  /** Its own keys: slug of their project. */
  readonly keys = new Map<string, string>()

  readonly reply = (request: RecordedRequest): Reply => {
    const url = new URL(request.target, 'http://rtd')
    const [, path] = /^\/api\/v2\/(.+)\/$/.exec(url.pathname) ?? []
    if (path === undefined) return notFound
    const [resource = '', id, ...action] = path.split('/')
    const visit = { request, method: request.method, url, id: id ?? '', action: action.join('/') }
    return this.#answer(resource, { ...visit, key: this.#keyOf(request) })
  }

  #answer(resource: string, visit: Visit): Reply {
    const { request, key } = visit
    if (request.method === 'OPTIONS' && resource !== 'revoke') return json(200, { name: resource })
    switch (resource) {
      case 'revoke':
        return key === undefined ? forbidden(request) : methodNotAllowed(request)
      case 'domain':
        return isReading(request) ? json(200, { domain: visit.id }) : forbidden(request)
      case 'notifications':
        return this.#notify(visit)
      default:
        return visit.action === 'healthcheck' ? this.#healthcheck(visit) : this.#answerKey(resource, visit)
    }
  }

  /** Where a key makes a difference. */
  #answerKey(resource: string, visit: Visit): Reply {
    if (visit.key === undefined && !isReading(visit.request)) return forbidden(visit.request)
    if (visit.id === 'concurrent') return this.#concurrent(visit)
    if (visit.id !== '') return this.#item(resource, visit)
    return resource === 'command' ? this.#createCommand(visit) : list(visit.request)
  }

  #keyOf(request: RecordedRequest): Key | undefined {
    const [keyword = '', ...rest] = (request.header('authorization')[0] ?? '').split(' ')
    const text = rest.join(' ')
    if (keyword.toLowerCase() !== 'token') return undefined
    if (text === serviceToken) return 'all'
    const project = this.keys.get(text)
    return project === undefined ? undefined : { project }
  }

  /** The project that something is of, when whoever asks gets to see it. */
  #seen(projectId: string | undefined, key: Key | undefined) {
    const project = projectId === undefined ? undefined : this.projects.get(projectId)
    if (project === undefined || key === 'all') return project
    return (key === undefined ? project.isPublic : key.project === project.slug) ? project : undefined
  }

  #item(resource: string, visit: Visit): Reply {
    const { method, id, action, key, request } = visit
    const command = this.commands.get(id)
    const projectId = {
      project: id,
      version: this.versions.get(id),
      build: this.builds.get(id),
      command: this.builds.get(String(command?.build)),
    }[resource]
    const needsKey = action === 'reset' || action === 'credentials/storage'
    if (needsKey && key === undefined) return forbidden(request)
    const allowed = needsKey ? ['POST'] : action === '' ? ['GET', 'HEAD', 'PUT', 'PATCH'] : ['GET', 'HEAD']
    if (!allowed.includes(method)) return methodNotAllowed(request)
    const project = this.#seen(projectId, key)
    if (project === undefined) return notFound
    if (action === 'reset') return { status: 204 }
    // `update` of the serializer leaves the build out, whoever asks.
    const changed = resource === 'command' && method === 'PATCH' ? bodyOf(request) : {}
    if (command !== undefined && typeof changed.command === 'string') command.command = changed.command
    const shown = {
      project: { slug: project.slug },
      version: { project: { slug: project.slug } },
      build: { project: Number(projectId), project_slug: project.slug },
      command: { ...command },
    }[resource]
    return json(200, { id: Number(id), ...shown, ...(key && { admin: true }), ...(action && { action }) })
  }

  #healthcheck({ method, id, url, request }: Visit): Reply {
    if (method !== 'POST') return methodNotAllowed(request)
    const isRunning = this.builds.has(id) && url.searchParams.get('builder') === 'builder-1'
    return isRunning ? { status: 204 } : notFound
  }

  #concurrent({ url, key, request }: Visit): Reply {
    if (key === undefined) return forbidden(request)
    const slug = url.searchParams.getAll('project__slug').at(-1)
    if (key !== 'all' && key.project !== slug) return notFound
    return json(200, { limit_reached: false, concurrent: 1, max_concurrent: 4 })
  }

  #createCommand({ method, key, request }: Visit): Reply {
    if (method !== 'POST') return list(request)
    const { build, command } = bodyOf(request)
    const project = this.#seen(this.builds.get(String(build)), key)
    if (project === undefined) return denied
    this.commands.set('73', { build: Number(build), command: String(command) })
    return json(201, { id: 73, build, command })
  }

  #notify({ key, request }: Visit): Reply {
    const [model, id] = String(bodyOf(request).attached_to)
      .replaceAll(/^\/+|\/+$/g, '')
      .split('/')
    const project = this.#seen(model === 'build' ? this.builds.get(id ?? '') : id, key)
    if (key === undefined) return forbidden(request)
    if (project === undefined) return denied
    this.notifications.push(bodyOf(request))
    return json(201, bodyOf(request))
  }
}

type Key = 'all' | { readonly project: string }

interface Visit {
  readonly method: string
  readonly url: URL
  readonly id: string
  /** What is asked of the item: `reset`, or empty for itself. */
  readonly action: string
  readonly key: Key | undefined
  readonly request: RecordedRequest
}

/** Starts it; closed when the test is over. */
export async function startReadTheDocs(
  t: Scope,
): Promise<{ readonly service: ReadTheDocs; readonly upstream: RecordingUpstream }> {
  const service = new ReadTheDocs()
  return { service, upstream: await recordingUpstream(t, service.reply) }
}

const headers = [['Content-Type', 'application/json']] as const

/** In full, as Read the Docs has it where private repositories are not allowed. */
export const listsAreDisabled = JSON.stringify({
  error: 'disabled',
  msg: 'List endpoint have been disabled due to heavy resource usage. Take into account than APIv2 is planned to be deprecated soon. Please use APIv3: https://docs.readthedocs.io/page/api/v3.html',
})

const notFound = json(404, { detail: 'Not found.' })
const denied = json(403, { detail: 'You do not have permission to perform this action.' })

/** Who is logged in is told another sentence. */
function forbidden(request: RecordedRequest): Reply {
  const isLoggedIn = request.header('cookie').some((cookie) => cookie.includes('sessionid='))
  return isLoggedIn ? denied : json(403, { detail: 'Authentication credentials were not provided.' })
}

function methodNotAllowed({ method }: RecordedRequest): Reply {
  return json(405, { detail: `Method "${method}" not allowed.` })
}

function list(request: RecordedRequest): Reply {
  return isReading(request) ? { status: 410, headers, body: listsAreDisabled } : methodNotAllowed(request)
}

function isReading({ method }: RecordedRequest): boolean {
  return ['GET', 'HEAD', 'OPTIONS'].includes(method)
}

function bodyOf({ body }: RecordedRequest): Record<string, unknown> {
  return JSON.parse(body.toString() || '{}')
}

function json(status: number, document: object): Reply {
  return { status, headers, body: JSON.stringify(document) }
}
