import type { Clock } from '../clock.ts'
import { inWords } from '../duration.ts'
import { CrewError } from '../errors.ts'
import { hash } from '../json.ts'
import { decodeText } from '../plain-text.ts'
import type { Sandbox } from '../sandbox.ts'
import { type Ending, runToEnd } from '../spawn.ts'
import { commandLine, hiddenIn } from './command-line.ts'
import { type Plan, type Setting, toolFailed } from './tool.ts'

/** What tools that run programs work with. */
export interface CommandMeans {
  readonly clock: Clock
  /** Of the run. */
  readonly id: string
  /** What every program runs in; without one it runs as crew itself does. */
  readonly sandbox?: Sandbox | undefined
}

/** One program to run: every element of `argv` is one argument, and no shell reads them. */
export interface CommandCall {
  readonly argv: readonly string[]
  readonly stdin?: string | undefined
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds. */
  readonly timeout: number
}

/** Milliseconds by which it takes longer to end a program that heeds nothing, with all that it has started. */
export const TIME_TO_END = 10_000

/** Bytes, of both streams together. */
const MAX_OUTPUT = 1024 ** 2
/** Characters that are told of the beginning, and of the end, of what a program that wrote too much has written. */
const EITHER_END = 32_000
/** Bytes of binary output that are told. */
const FIRST_BYTES = 32

/** What the call would do. Rejects with `tool-failed` where it could never be made. */
export function planCommand({ argv, stdin }: Pick<CommandCall, 'argv' | 'stdin'>): Plan {
  const [program = ''] = argv
  if (program === '') throw toolFailed('The first word of a command is the program: it cannot be empty.')
  if (argv.some(word => word.includes('\0'))) {
    throw toolFailed(`${program} cannot be given a NUL character. Hand the data over on standard input.`)
  }
  const preview = [commandLine(argv), ...hiddenIn(argv)].join('\n')
  // Who may call `sort` may not have `sh` read a script: what is read counts, too.
  return { touches: stdin === undefined ? [argv] : [argv, [...argv, '<']], preview }
}

/**
 * Runs the program in the working folder, and gives in words how it ended and what it wrote: also when that is a
 * failure, for it happened. Rejects with `tool-failed` when it could not be started, and with the reason of the signal.
 */
export async function runCommandCall(
  { argv, stdin, env = {}, timeout }: CommandCall,
  { clock, id, sandbox }: CommandMeans,
  { root, ctx, signal }: Setting,
): Promise<string> {
  const command = {
    argv,
    cwd: root,
    env: { ...env, CREW_IDEMPOTENCY_KEY: hash(`${id}/${ctx.key}`) },
    stdin,
    deadlines: { total: timeout },
    signal,
    maxOutput: MAX_OUTPUT,
  }
  try {
    return told(await runToEnd(sandbox ? sandbox.wrap(command) : command, clock), timeout)
  } catch (thrown) {
    if (!(thrown instanceof CrewError) || thrown.code !== 'command-failed') throw thrown
    throw toolFailed(`${thrown.message}.`, thrown)
  }
}

function told(ending: Ending, timeout: number): string {
  const { stdout, stderr } = ending
  const isTooMuch = ending.stopped !== undefined && ending.stopped.code !== 'timeout'
  const streams = [
    ...(stdout.length > 0 ? [shown('stdout', stdout, isTooMuch, stderr.length > 0)] : []),
    ...(stderr.length > 0 ? [shown('stderr', stderr, isTooMuch, true)] : []),
  ]
  return [
    `[${howItEnded(ending, timeout)}]`,
    ...(streams.length > 0 ? streams : ['[It wrote nothing.]']),
  ].join('\n')
}

function howItEnded({ code, signal, stopped }: Ending, timeout: number): string {
  if (stopped?.code === 'timeout')
    return `It was not done after ${inWords(timeout)}, and was stopped with all that it had started.`
  if (stopped)
    return 'It wrote more than 1 MiB, and was stopped with all that it had started. What it did until then is done.'
  return code === null ? `It was ended by ${signal}.` : `Exit code ${code}.`
}

function shown(stream: 'stdout' | 'stderr', bytes: Buffer, isTooMuch: boolean, isNamed: boolean): string {
  const text = decodeText(bytes)
  if (text === undefined) {
    const first = bytes
      .subarray(0, FIRST_BYTES)
      .toString('hex')
      .replace(/..(?=.)/g, '$& ')
    return `[${stream} is no text but ${bytes.length} bytes of binary data, which begin with ${first}.]`
  }
  return `${isNamed ? `[${stream}:]\n` : ''}${isTooMuch ? bothEnds(text) : text}`
}

function bothEnds(text: string): string {
  const hidden = text.length - 2 * EITHER_END
  if (hidden <= 0) return text
  const head = text.slice(0, EITHER_END).replace(/[\uD800-\uDBFF]$/, '')
  const tail = text.slice(-EITHER_END).replace(/^[\uDC00-\uDFFF]/, '')
  return `${head}\n[… ${hidden} characters are left out here …]\n${tail}`
}
