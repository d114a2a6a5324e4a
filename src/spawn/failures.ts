import { statSync } from 'node:fs'
import type { Deadlines } from '../deadlines.ts'
import { CrewError } from '../errors.ts'
import type { Command } from '../spawn.ts'

/** What is said of a program that failed, or never ran. */

/** Characters of what a failed program wrote that its error quotes. */
export const QUOTED = 500

/** The end of `text`, from the beginning of a line if that can be. */
export function lastLines(text: string): string {
  if (text.length <= QUOTED) return text
  const end = text.slice(1 - QUOTED)
  return `…${end.slice(end.indexOf('\n') + 1).replace(/^[\uDC00-\uDFFF]/, '')}`
}

export function failed(
  { argv: [program] }: Pick<Command, 'argv'>,
  problem: string,
  hint?: string,
): CrewError {
  return new CrewError('command-failed', `${program} ${problem}`, hint === undefined ? {} : { hint })
}

export function refuseNul(command: Pick<Command, 'argv' | 'env'>): void {
  const given = [...command.argv, ...Object.values(command.env)]
  if (!given.some(text => text.includes('\0'))) return
  const hint = 'hand the data over on standard input'
  throw failed(command, 'cannot be given an argument or a variable with a NUL character in it', hint)
}

const NOT_STARTED: Readonly<Record<string, readonly [problem: string, hint?: string]>> = {
  ENOENT: ['was not found', 'install it, or correct the first word of `run`'],
  EACCES: ['may not be executed', 'make it executable with chmod +x, or run it through its interpreter'],
  E2BIG: ['cannot be given arguments this long', 'hand the data over on standard input'],
}

export function notStarted(command: Pick<Command, 'argv' | 'cwd'>, code = 'unknown reason'): CrewError {
  if (!statSync(command.cwd, { throwIfNoEntry: false })?.isDirectory()) {
    return failed(command, `cannot run in ${command.cwd}: there is no such folder`)
  }
  const [problem, hint] = NOT_STARTED[code] ?? [`could not be started (${code})`]
  return failed(command, problem, hint)
}

export function late({ argv: [program] }: Command, deadline: keyof Deadlines, limit: number): CrewError {
  const seconds = `${limit / 1000} s`
  const problem = {
    firstByte: `wrote nothing within ${seconds}`,
    idle: `wrote nothing more for ${seconds}`,
    total: `was not done after ${seconds}`,
  }[deadline]
  return new CrewError('timeout', `${program} ${problem}`, { hint: `raise timeout.${deadline} of the agent` })
}
