import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { temporaryFolder } from './runs.ts'

const BIN = resolve('bin/crew.js')

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * A home of its own for crew, and a way to run the built command in it. Teams are trusted there, unless `trusts` is
 * false: `crew run` says so.
 */
export function crewHome(
  env: Readonly<Record<string, string>> = {},
  home = temporaryFolder(),
  { trusts = true }: { readonly trusts?: boolean } = {},
) {
  const base = { PATH: process.env.PATH, HOME: home, CREW_HOME: home, NO_COLOR: '1', ...env }

  /** Starts `crew ARGS…` and leaves it running. */
  function start(args: readonly string[], more: Readonly<Record<string, string>> = {}): ChildProcess {
    const command = args.find(word => /^[a-z]+$/.test(word))
    const all = trusts && command === 'run' ? [...args, '--trust'] : args
    return spawn(process.execPath, [BIN, ...all], { cwd: home, env: { ...base, ...more } })
  }

  /** Runs `crew ARGS…` to its end. */
  function crew(
    args: readonly string[],
    { env: more = {}, stdin = '' }: { env?: Record<string, string>; stdin?: string } = {},
  ) {
    const child = start(args, more)
    child.stdin?.on('error', () => {})
    child.stdin?.end(stdin)
    return ended(child)
  }

  /** Writes a team file, and gives its path. */
  function team(definition: object, name = 'team.json'): string {
    const path = join(home, name)
    writeFileSync(path, JSON.stringify({ name: 'test', ...definition }))
    return path
  }

  return { home, db: join(home, 'crew.db'), start, crew, team }
}

export function ended(child: ChildProcess): Promise<Ended> {
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
export function said(child: ChildProcess, pattern: RegExp): Promise<void> {
  let text = ''
  return new Promise(resolve =>
    child.stderr?.on('data', chunk => {
      text += chunk
      if (pattern.test(text)) resolve()
    }),
  )
}
