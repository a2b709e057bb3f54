/**
 * Commands as a page of the documentation has them, and a shell that runs them as its reader would.
 * @module
 */

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findPostgres } from '../../support/postgres.ts'
import type { Scope } from '../../support/private-server.ts'

const root = join(import.meta.dirname, '../../..')

/** The fenced blocks of a language in one section of a page, in their order; those of lists are indented. */
export function blocksOf(page: string, section: string, language = 'sh'): readonly string[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  const [, found] = text.split(`\n## ${section}\n`)
  if (found === undefined) throw new Error(`${page} has no section «${section}»`)
  const fences =
    found.split('\n## ')[0]?.matchAll(new RegExp(`^ *\`\`\`${language}\n(.*?)^ *\`\`\``, 'gms')) ?? []
  return [...fences].map(([, block = '']) => block)
}

export interface Shell {
  /** Where its commands run; has the folders `var` and `backup`. */
  readonly folder: string
  /** Runs a block, up to the first command that fails. */
  run(block: string): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>
}

/** `sallyport` is this program, and PostgreSQL's tools are those of its newest version. */
export function newShell(t: Scope, env: () => Readonly<Record<string, string>>): Shell {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-page-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['var', 'backup']) mkdirSync(join(folder, name), { mode: 0o700 })
  const stub = `sallyport() { "${process.execPath}" "${join(root, 'src/main.ts')}" "$@"; }`
  const PATH = `${dirname(findPostgres('pg_dump') ?? '')}:${process.env.PATH}`
  return {
    folder,
    run: (block) =>
      new Promise((resolve) => {
        const options = { cwd: folder, env: { ...process.env, PATH, ...env() } }
        execFile('bash', ['-e', '-c', `${stub}\n${block}`], options, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
        )
      }),
  }
}
