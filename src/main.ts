#!/usr/bin/env node
/**
 * The command line's entry: checks the runtime before anything is loaded that an older one could not load,
 * runs the command, and ends the process with its exit code.
 * @module
 */

import process from 'node:process'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
// The first ones that ask before they take a request for an upgrade.
const minorNeeded = new Map([
  [22, 21],
  [24, 9],
]).get(major)
if (minorNeeded === undefined ? major < 25 : minor < minorNeeded) {
  process.stderr.write(`Sallyport needs Node 22.21, 24.9 or newer; this is ${process.version}\n`)
  process.exit(1)
}

const { runCommand } = await import('./cli/run-command.ts')
process.exit(await runCommand(process.argv.slice(2)))
