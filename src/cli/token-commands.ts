/**
 * `token …`: the life of tokens.
 * @module
 */

import type { Command } from 'commander'
import { addTokenImport } from './token-import-command.ts'
import { addTokenIssue } from './token-issue-command.ts'
import { addTokenList } from './token-list-command.ts'
import { addTokenPurge } from './token-purge-command.ts'
import { addTokenRevoke } from './token-revoke-command.ts'
import { addTokenRotate } from './token-rotate-command.ts'
import { addTokenShow } from './token-show-command.ts'
import { addTokenSystem } from './token-system-command.ts'

export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('Issue, find, rotate and revoke tokens.')
  addTokenIssue(token)
  addTokenImport(token)
  addTokenList(token)
  addTokenShow(token)
  addTokenRotate(token)
  addTokenRevoke(token)
  addTokenPurge(token)
  addTokenSystem(token)
}
