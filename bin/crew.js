#!/usr/bin/env node
const [word, ...more] = process.argv.slice(2)
if (word === '--version' && more.length === 0) console.log(require('../package.json').version)
else require('./load.js').load('./cli.js')
