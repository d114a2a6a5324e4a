#!/usr/bin/env node
import module from 'node:module'

// Node 22 and later keep what they have compiled.
module.enableCompileCache?.()
// Scripts ask for the version often, and it needs none of the CLI.
const [word, ...more] = process.argv.slice(2)
if (word === '--version' && more.length === 0) console.log((await import('../dist/version.js')).version)
else await import('../dist/cli.js')
