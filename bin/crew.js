#!/usr/bin/env node
// Scripts ask for the version often, and it needs none of the CLI.
const [word, ...more] = process.argv.slice(2)
if (word === '--version' && more.length === 0) console.log((await import('../dist/version.js')).version)
else await import('../dist/cli.js')
