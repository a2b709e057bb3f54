#!/usr/bin/env node
/**
 * The command line's entry: checks the runtime before anything is loaded that an older one could not load,
 * runs the command, and ends the process with its exit code.
 * @module
 */

import process from 'node:process'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`Sallyport needs Node 22.19 or newer; this is ${process.version}\n`)
  process.exit(1)
}

const { runCommand } = await import('./cli/run-command.ts')
process.exit(await runCommand(process.argv.slice(2)))
