/**
 * `token issue`: makes a token and shows its text, once.
 * @module
 */

import { type Command, Option } from 'commander'
import type { Settings } from '../config/schema/settings.ts'
import { soundNetwork } from '../config/sound-network.ts'
import { systemClock } from '../lib/clock.ts'
import { readKeyRing } from '../tokens/keys/key-ring-file.ts'
import { type IssueRequest, issueToken } from '../tokens/life/issue-token.ts'
import { type Access, accessLevels, type TokenKind, tokenKinds } from '../tokens/token.ts'
import { commandOrigin } from './act.ts'
import { deriveOrFail } from './derive-or-fail.ts'
import { CommandFailure } from './failure.ts'
import {
  type ByOption,
  type ConfigOption,
  collect,
  collectBinding,
  durationArgument,
  type JsonOption,
  withBy,
  withConfig,
  withExamples,
  withJson,
} from './options.ts'
import { readSettings } from './read-settings.ts'
import { note, printFields, printJson } from './terminal.ts'
import { tokenDocument, tokenFields } from './token-document.ts'
import { withWritableRecord } from './with-record.ts'

interface IssueOptions extends ConfigOption, JsonOption, ByOption {
  readonly kind?: TokenKind
  readonly subject?: string
  readonly from?: string
  readonly scope?: readonly string[]
  readonly bind?: Readonly<Record<string, readonly string[]>>
  readonly access?: Access
  readonly network?: readonly string[]
  readonly path?: readonly string[]
  readonly expires?: number
  readonly description?: string
}

/** Kinds that are asked for; the system token makes itself. */
const issuedKinds = tokenKinds.filter((kind) => kind !== 'system')

export function addTokenIssue(token: Command): void {
  const command = token
    .command('issue')
    .description('Make a token and show its text, which cannot be read again.')
    .addOption(new Option('--kind <kind>', 'what it is for').choices(issuedKinds))
    .option('--subject <name>', 'whom it acts for; added when unknown')
    .addOption(
      new Option(
        '--from <id>',
        'derive a temporary token from this one, with no more rights; - reads its text',
      ).conflicts('subject'),
    )
    .option('--scope <scope>', 'what it may do; repeatable', collect)
    .option('--bind <key=value>', 'what it is tied to, such as account=AUTH_demo; repeatable', collectBinding)
    .addOption(
      new Option('--access <level>', 'on what it is tied to (default: read-only)').choices(accessLevels),
    )
    .option('--network <cidr>', 'where it may be used from; repeatable (default: anywhere)', collect)
    .option('--path <prefix>', 'which paths it covers; repeatable (default: all)', collect)
    .option('--expires <duration>', 'how long it lives, such as 3h or 7d', durationArgument)
    .option('--description <text>', 'what it is used for')
    .action(issue)
  withExamples(
    withBy(withJson(withConfig(command))),
    'token issue --kind personal --subject alice --bind account=AUTH_demo --access owner',
    'token issue --kind build --subject ci --scope api --expires 3h --json',
    'token issue --kind dsn --subject web --bind project=42 --access read-write --network 10.0.0.0/8',
    'token issue --from 0198c2f0-5b1e-7cc4-9a51-3f6f8d0f1c11 --access read-only --expires 15m',
  )
}

async function issue(options: IssueOptions, command: Command): Promise<void> {
  const { token, text, isNewSubject } = await make(options, command)
  const now = systemClock.now()
  if (isNewSubject) note(`Added the subject «${token.subject.name}».`)
  if (options.json) {
    const { id, ...rest } = tokenDocument(token, now)
    printJson({ id, token: text.reveal(), ...rest })
  } else {
    printFields({ token: text.reveal(), ...tokenFields(token, now) })
    note('The token is shown once: keep it now, it cannot be read again.')
  }
}

/** A derived token takes its subject, and its kind unless another is asked for, from its parent. */
function make(options: IssueOptions, command: Command) {
  const { kind, subject, from, config } = options
  const rights = rightsOf(options)
  if (from !== undefined) {
    return deriveOrFail(readSettings(config).settings, from, { ...rights, ...(kind && { kind }) })
  }
  const whose = {
    kind: kind ?? missing(command, '--kind <kind>'),
    subject: subject ?? missing(command, '--subject <name>'),
  }
  return issueOrFail(readSettings(config).settings, { ...rights, ...whose })
}

/** Throws a failure with everything that is wrong with the request. */
export async function issueOrFail(settings: Pick<Settings, 'keys' | 'store'>, request: IssueRequest) {
  const keyRing = readKeyRing(settings.keys)
  const isNetwork = (cidr: string) => soundNetwork(cidr) !== undefined
  const issued = await withWritableRecord(settings, (registry) =>
    issueToken({ registry, keyRing, clock: systemClock, isNetwork }, request),
  )
  if (issued.outcome === 'refused') throw new CommandFailure('refused', issued.problems.join('; '))
  return issued
}

function missing(command: Command, option: string): never {
  command.error(`error: required option '${option}' not specified`, { exitCode: 2 })
}

function rightsOf(options: IssueOptions): Omit<IssueRequest, 'kind' | 'subject'> {
  const { scope, bind, access, network, path, expires, description, by } = options
  return {
    createdBy: by,
    origin: commandOrigin,
    ...(scope && { scopes: scope }),
    ...(bind && { bindings: bind }),
    ...(access && { access }),
    ...(network && { networks: network }),
    ...(path && { paths: path }),
    ...(expires !== undefined && { lifetimeMs: expires }),
    ...(description !== undefined && { description }),
  }
}
