import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { temporaryFolder } from './runs.ts'

const BIN = resolve('bin/crew.js')
/** A home of its own for crew, and a way to run the built command in it. */
export function crewHome(env = {}, home = temporaryFolder()) {
  const base = { PATH: process.env.PATH, HOME: home, CREW_HOME: home, NO_COLOR: '1', ...env }
  /** Starts `crew ARGS…` and leaves it running. */
  function start(args, more = {}) {
    return spawn(process.execPath, [BIN, ...args], { cwd: home, env: { ...base, ...more } })
  }
  /** Runs `crew ARGS…` to its end. */
  function crew(args, { env: more = {}, stdin = '' } = {}) {
    const child = start(args, more)
    child.stdin?.on('error', () => {})
    child.stdin?.end(stdin)
    return ended(child)
  }
  /** Writes a team file, and gives its path. */
  function team(definition, name = 'team.json') {
    const path = join(home, name)
    writeFileSync(path, JSON.stringify({ name: 'test', ...definition }))
    return path
  }
  return { home, db: join(home, 'crew.db'), start, crew, team }
}
export function ended(child) {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  return new Promise(resolve =>
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })),
  )
}
/** Resolves once what `child` says on stderr matches. */
export function said(child, pattern) {
  let text = ''
  return new Promise(resolve =>
    child.stderr?.on('data', chunk => {
      text += chunk
      if (pattern.test(text)) resolve()
    }),
  )
}
