import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const BIN = resolve('bin/crew.js')

/** Whether a shell is there to be tested. */
export function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['-c', 'exit 0']).status === 0
}

/** A folder with a `crew` that is this build, and an environment in which shells find it and no settings of anybody. */
export function shellWithCrew(home: string) {
  const bin = join(home, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'crew'), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`)
  chmodSync(join(bin, 'crew'), 0o755)
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: home,
    ZDOTDIR: home,
    CREW_HOME: home,
    TERM: 'dumb',
    LC_ALL: 'C.UTF-8',
    COLUMNS: '120',
  }
  return (shell: string, args: readonly string[], input = ''): string => {
    const { stdout, stderr } = spawnSync(shell, args, {
      cwd: home,
      env,
      input,
      encoding: 'utf8',
      timeout: 20_000,
    })
    return `${stdout}${stderr}`
  }
}
