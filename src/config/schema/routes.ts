/**
 * `routes`: what is matched, which credentials are read, who is let through, which headers are guarded and
 * what the upstream sees. One entry, one route; the most specific pattern wins, whatever the order.
 * @module
 */

import { z } from 'zod'
import { tokenKinds } from '../../tokens/token.ts'
import { routeAssertion } from './assertion.ts'
import { facts, ownCredential } from './facts.ts'
import { cidr, flag, headerName, name } from './primitives.ts'
import { profile } from './profiles.ts'
import { timeouts, upgrade } from './streams.ts'

const text = () => z.string().min(1)
const word = () =>
  z.string().regex(/^[A-Za-z0-9_.-]+$/, 'expected one plain word such as Sentry or sentry_key')

const match = z
  .strictObject({
    hosts: z
      .array(text())
      .min(1)
      .optional()
      .describe('Host names this route serves, without port; omitted means every host.'),
    path: z
      .string()
      .startsWith('/', 'expected a path that starts with «/»')
      .describe(
        'Path pattern. `{name}` is one whole segment, `{name+}` the rest of the path and not empty, `{name*}` the rest and perhaps empty: `/v1/{rest*}` is `/v1`, `/v1/` and all below. The last two only at the end.',
      ),
    methods: z
      .array(z.string().regex(/^[A-Z][A-Z-]*$/, 'expected a method in upper case'))
      .min(1)
      .optional()
      .describe('Methods this route serves; omitted means all.'),
  })
  .describe('What a request must look like to take this route.')

const credentialSource = z.union(
  [
    z.enum(['bearer', 'token', 'api-key', 'dsn', 'basic']).describe('A scheme of the Authorization header.'),
    z.strictObject({
      header: headerName().describe('A header whose whole value is the token, such as X-Auth-Token.'),
    }),
    z.strictObject({
      header: headerName().describe(
        'A header that carries a public key among others, such as X-Sentry-Auth.',
      ),
      scheme: word().describe('The word that its value begins with, in any case.'),
      parameter: word().describe(
        'The parameter behind it that is the key: `Sentry sentry_version=7, sentry_key=…` with sentry_key.',
      ),
    }),
    z.strictObject({
      query: z
        .string()
        .regex(/^[A-Za-z0-9_.-]+$/, 'expected a plain parameter name')
        .describe('A query parameter whose value is the token; it is removed before forwarding.'),
    }),
  ],
  {
    error:
      'expected bearer, token, api-key, dsn, basic, or one of {header: …}, {header: …, scheme: …, parameter: …} and {query: …}',
  },
)

const scopes = z
  .strictObject({
    allOf: z.array(text()).min(1).optional().describe('Every one of these is needed.'),
    anyOf: z
      .array(text())
      .optional()
      .describe('At least one of these is needed; an empty list admits nobody.'),
  })
  .describe('Scopes that the token must have.')

const authorize = z
  .strictObject({
    public: flag().optional().describe('Let everyone through, without reading a credential.'),
    system: z
      .enum(['refuse', 'allow', 'only'])
      .default('refuse')
      .describe('Whether the system token is admitted here, or nothing else is.'),
    kinds: z
      .array(z.enum(tokenKinds))
      .default(['personal', 'group', 'deploy', 'build', 'organization'])
      .describe('Kinds of token that are admitted; an empty list admits nobody.'),
    scopes: scopes.optional(),
    bindings: z
      .record(
        z.string().regex(/^[a-z][a-z0-9_-]*$/, 'expected a binding key such as account or project-id'),
        text(),
      )
      .default({})
      .describe(
        'For each binding key the value it must have here, with `{name}` of a parameter of the path or of a fact: `account: "{account}"`. A token that is bound to a key not named here is refused.',
      ),
    ignoreBindings: z
      .array(text())
      .default([])
      .describe('Binding keys of a token that do not matter on this route, or `*` for all.'),
    networks: z
      .array(cidr())
      .optional()
      .describe('Client networks that are admitted; an empty list admits nobody, omitted means anywhere.'),
    access: z
      .enum(['by-method', 'read-only', 'read-write', 'owner'])
      .default('by-method')
      .describe(
        'Access that is needed. By method: GET, HEAD and OPTIONS need read-only, all others read-write.',
      ),
    condition: text()
      .optional()
      .describe(
        'A CEL expression over `token`, `subject`, `resource`, `facts` and `request` that must yield true.',
      ),
  })
  .describe('Who may pass. Every rule that is given must hold.')

const privilegedHeaders = z
  .strictObject({
    names: z
      .array(headerName())
      .optional()
      .describe('Exact names; omitted means the built-in list (X-Account-Access-Control and its kin).'),
    prefixes: z.array(headerName()).default([]).describe('Every header whose name starts with one of these.'),
    removePrefixes: z
      .array(headerName())
      .default(['x-remove-'])
      .describe(
        'Prefixes that stand for the `X-` of a name to remove it: `x-remove-container-read` is `x-container-read`.',
      ),
    fromNonOwner: z
      .enum(['strip', 'refuse'])
      .default('strip')
      .describe('What happens when somebody who is not an owner sends one.'),
    translate: z
      .record(headerName(), headerName())
      .default({})
      .describe(
        "Client's name to upstream's name, applied both ways for an owner. The upstream's name is never accepted from a client.",
      ),
  })
  .describe('Headers that only an owner may send or see.')

/** Fields of a grant that an identity header may carry. */
export const identityFields = ['subject', 'token-id', 'token-kind', 'scopes', 'access', 'owner'] as const
export type IdentityField = (typeof identityFields)[number]

/** Which requests go up as nobody's. */
const anonymity = ['refuse', 'anonymous', 'anonymous-reads'] as const
export type Anonymity = (typeof anonymity)[number]

export const route = z
  .strictObject({
    name: name().describe('Name in logs and metrics; unique.'),
    match,
    pathMode: z
      .enum(['strict', 'raw-exact'])
      .default('strict')
      .describe(
        'strict: targets that servers read differently are refused with 400. raw-exact: the bytes go up untouched; only the segments that the pattern names are decoded.',
      ),
    upstream: name().describe('Which of `upstreams` serves it.'),
    profile,
    credentials: z
      .array(credentialSource)
      .default(['bearer'])
      .describe('Where a token may be presented. A request that presents two is refused with 400.'),
    missingCredential: z
      .enum(anonymity)
      .default('refuse')
      .describe(
        'What becomes of a request that presents no credential. anonymous: it goes up as it is, for a service that decides about such requests itself. anonymous-reads: GET, HEAD and OPTIONS do.',
      ),
    invalidCredential: z
      .enum(anonymity)
      .default('refuse')
      .describe(
        'What becomes of a request whose credential is unknown, expired or revoked. anonymous: it goes up without the credential. anonymous-reads: GET, HEAD and OPTIONS do.',
      ),
    upstreamCredential: z
      .union([z.enum(['strip', 'passthrough']), ownCredential], {
        error: 'expected strip, passthrough or {header: …, value: …}',
      })
      .default('strip')
      .describe(
        "What the upstream sees in place of the client's credential: nothing, the very same, or one of the gateway, which goes only with requests that a token was let through for.",
      ),
    facts,
    authorize: authorize.prefault({}),
    preflight: z
      .enum(['authorize', 'forward'])
      .default('authorize')
      .describe(
        'What becomes of a CORS preflight without a credential. authorize: it is decided on like any request, so it is 401. forward: it goes up as on a public route, from `authorize.networks` alone where those are given.',
      ),
    privilegedHeaders: privilegedHeaders.prefault({}),
    identityHeaders: z
      .record(headerName(), z.enum(identityFields))
      .default({
        'x-sallyport-subject': 'subject',
        'x-sallyport-token-id': 'token-id',
      })
      .describe(
        'Headers that tell the upstream who was let through; always removed from what the client sent.',
      ),
    assertion: routeAssertion,
    allowUnderscoreHeaders: flag()
      .prefault(false)
      .describe(
        'Let header names with `_`, `.` or another mark through. They are guarded as if written with `-`.',
      ),
    hostHeader: z
      .enum(['preserve', 'upstream'])
      .default('preserve')
      .describe("Which Host the upstream sees: the client's, or the upstream's own."),
    limits: z
      .array(name())
      .default([])
      .describe('Which of `limits` hold here, besides those with `everyRoute`.'),
    upgrade: upgrade.prefault({}),
    timeouts: timeouts.prefault({}),
    onRefusal: z
      .enum(['truthful', 'not-found'])
      .default('truthful')
      .describe(
        'not-found: a 403 becomes the 404 of a path that does not exist, so that existence stays hidden.',
      ),
    mode: z
      .enum(['enforce', 'shadow'])
      .default('enforce')
      .describe('shadow: decide and record, but let every request through. For trying a new rule.'),
    realm: z
      .string()
      .regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/, 'expected printable ASCII without quotes')
      .default('sallyport')
      .describe('Realm of the WWW-Authenticate challenge.'),
  })
  .describe('One route.')

export type RouteSettings = z.output<typeof route>
export type CredentialSource = RouteSettings['credentials'][number]
