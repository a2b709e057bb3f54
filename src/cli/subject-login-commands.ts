/**
 * `subject login` and `subject logout`: what a subject logs in to an upstream with, kept or removed by hand.
 * @module
 */

import { type Command, InvalidArgumentError } from 'commander'
import { readKeyRing } from '../tokens/keys/key-ring-file.ts'
import type { TokenRegistry } from '../tokens/ports.ts'
import type { Subject } from '../tokens/token.ts'
import { sealLogin } from '../tokens/upstream-logins/sealed-login.ts'
import { actOf } from './act.ts'
import { CommandFailure, unknownSubject } from './failure.ts'
import {
  type ByOption,
  type ConfigOption,
  type JsonOption,
  withBy,
  withCause,
  withConfig,
  withExamples,
  withJson,
} from './options.ts'
import { readKey } from './read-key.ts'
import { readSettings } from './read-settings.ts'
import { print, printable, printJson } from './terminal.ts'
import { isoTime } from './token-document.ts'
import { type WaitOption, withChange, withWait } from './with-change.ts'

interface LogoutOptions extends ConfigOption, JsonOption, ByOption, WaitOption {
  readonly upstream: string
  readonly cause: string
}

interface LoginOptions extends LogoutOptions {
  readonly user: string
  readonly keyStdin?: true
}

export function addSubjectLogins(subject: Command): void {
  const login = subject
    .command('login <name>')
    .description(
      'Keep, sealed, what a subject logs in to an upstream with, in the place of any other. The upstream is not asked: a wrong key shows when the login is first needed, and is removed then.',
    )
    .requiredOption('--upstream <name>', 'the upstream, as the configuration names it')
    .requiredOption('--user <user>', 'the user there', lineArgument)
    .option('--key-stdin', 'read the key from standard input; without it, it is asked for on the terminal')
    .action(logIn)
  withExamples(
    withWait(withBy(withCause(withJson(withConfig(login))))),
    'subject login test:tester --upstream swift --user test:tester',
    'vault kv get -field=key secret/swift | sallyport subject login test:tester --upstream swift --user test:tester --key-stdin',
  )
  const logout = subject
    .command('logout <name>')
    .description('Remove what a subject logs in to an upstream with, its token there included.')
    .requiredOption('--upstream <name>', 'the upstream')
    .action(logOut)
  withExamples(
    withWait(withBy(withCause(withJson(withConfig(logout))))),
    'subject logout test:tester --upstream swift',
  )
}

async function logIn(name: string, options: LoginOptions): Promise<void> {
  const { settings } = readSettings(options.config)
  const { upstream, user } = options
  if (!Object.hasOwn(settings.upstreams, upstream)) throw unknownUpstream(upstream, settings.upstreams)
  const keyRing = readKeyRing(settings.keys)
  const key = await readKey({ fromStdin: options.keyStdin === true })
  const act = actOf(options, options.cause)
  const isKept = await withChange(settings, options, async (registry) => {
    const { id } = await found(registry, name)
    const place = { subjectId: id, upstream }
    const sealed = sealLogin(keyRing, place, { user, key, session: undefined }, act.at)
    return (await registry.logins.write(sealed, { announced: true, act })) !== undefined
  })
  // Deleted between the two questions.
  if (!isKept) throw unknownSubject(name)
  if (options.json) printJson({ subject: name, upstream, updatedAt: isoTime(act.at) })
  else print(printable(`kept the login of ${name} at ${upstream}`))
}

async function logOut(name: string, options: LogoutOptions): Promise<void> {
  const { upstream, json } = options
  const { settings } = readSettings(options.config)
  const isRemoved = await withChange(settings, options, async (registry) =>
    registry.logins.remove((await found(registry, name)).id, upstream, actOf(options, options.cause)),
  )
  if (!isRemoved) {
    throw new CommandFailure(
      'unknown_login',
      `«${name}» has no login at «${upstream}»; «sallyport subject show ${name}» says where it has one`,
    )
  }
  if (json) printJson({ subject: name, upstream })
  else print(printable(`removed the login of ${name} at ${upstream}`))
}

async function found(registry: TokenRegistry, name: string): Promise<Subject> {
  const subject = await registry.findSubject(name)
  if (subject === undefined) throw unknownSubject(name)
  return subject
}

function unknownUpstream(name: string, upstreams: object): CommandFailure {
  const known = Object.keys(upstreams).map((each) => `«${each}»`)
  return new CommandFailure(
    'unknown_upstream',
    `the configuration has no upstream «${name}», but ${known.join(', ')}`,
  )
}

/** It becomes a header of a request. */
function lineArgument(text: string): string {
  if (text === '' || /\p{Cc}/u.test(text)) {
    throw new InvalidArgumentError('It must be one line, without control characters.')
  }
  return text
}
