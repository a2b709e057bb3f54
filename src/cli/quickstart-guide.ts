/**
 * What `quickstart` tells: the first token, and commands to paste.
 * @module
 */

import { print, styled } from './terminal.ts'

interface Places {
  readonly config: string
  /** `http://host:port` of the data plane and of the admin listener. */
  readonly data: string
  readonly admin: string
}

/** On the first start: the only time that the token is shown. */
export function printGuide({
  config,
  data,
  admin,
  id,
  text,
}: Places & { readonly id: string; readonly text: string }) {
  const sallyport = `npx sallyport`
  print(`
${styled('bold', 'Sallyport runs')} on ${data}, its admin listener on ${admin}.
Here is the first token, an owner of the account AUTH_demo. It is shown once:

  ${styled('green', `export TOKEN=${text}`)}

Refused, because there is no token:
  curl -i ${data}/v1/AUTH_demo

Authorized; an owner sees the account's access control:
  curl -i -H "Authorization: Bearer $TOKEN" ${data}/v1/AUTH_demo

An owner may change it; the legacy service gets the header by its own name:
  curl -i -X POST -H "Authorization: Bearer $TOKEN" -H 'X-Account-Access-Control: {"read-only":["bob"]}' ${data}/v1/AUTH_demo

Somebody else reads the account too, and that header is kept from them:
  READER=$(${sallyport} token issue -c ${config} --kind personal --subject reader --bind account=AUTH_demo --json | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
  curl -i -H "Authorization: Bearer $READER" ${data}/v1/AUTH_demo

Revoked, and refused within a second:
  ${sallyport} token revoke ${id} -c ${config}

What happened, in numbers:
  curl -s ${admin}/metrics | grep ^sallyport_
`)
}

/** On every later start. */
export function printWelcomeBack({ config, data, admin }: Places): void {
  print(`
${styled('bold', 'Sallyport runs')} on ${data}, its admin listener on ${admin}.
The first token was shown when it was made. Another one:

  npx sallyport token issue -c ${config} --kind personal --subject demo --bind account=AUTH_demo --scope api --access owner
`)
}
