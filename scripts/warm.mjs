// Runs what people run, and keeps all that was compiled for it: the first run of whoever installs this build is as fast as the second.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startServer } from '../bench/measure.mjs'

const KEEP_ALL = `
  const { keep, load } = require('./bin/load.js')
  process.on('exit', keep)
  load('./cli.js')`

const TEAM = {
  name: 'warm',
  agents: {
    worker: { kind: 'command', run: ['true'], stdin: 'none', effects: 'pure' },
    writer: { role: 'You write.' },
  },
  pattern: { kind: 'pipeline', stages: ['worker', 'writer'] },
}

const home = mkdtempSync(join(tmpdir(), 'crew-warm-'))
const team = join(home, 'team.json')
writeFileSync(team, JSON.stringify(TEAM))
const server = await startServer(0)
const env = {
  PATH: process.env.PATH,
  HOME: home,
  CREW_HOME: home,
  OPENAI_API_KEY: 'none',
  OPENAI_BASE_URL: server.baseUrl,
}
const COMMANDS = [
  ['run', team, 'Go.', '--trust', '--json'],
  ['run', 'examples/research-assistant/team.yaml', '--rehearse', '--trust'],
  ...['ls', 'show', 'logs', 'cost', 'inbox', 'schema'].map(word => [word]),
  ['resume', 'last'],
  ['logs', 'last', '--trace'],
  ['validate', team],
  ['trust', team],
  ['config', 'list'],
  ['completion', 'bash'],
  ['run', '--help'],
  ['--help'],
]
try {
  for (const args of COMMANDS) {
    // What fails here, because this machine lacks something, has still been compiled.
    await promisify(execFile)(process.execPath, ['-e', KEEP_ALL, 'crew', ...args], { env }).catch(e =>
      console.log(args, e.stderr, e.stdout),
    )
  }
} finally {
  server.stop()
  rmSync(home, { recursive: true, force: true })
}
