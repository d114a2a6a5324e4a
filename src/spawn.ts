import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { type Clock, sleep } from './clock.ts'
import { type Deadlines, watch } from './deadlines.ts'
import { CrewError } from './errors.ts'

/** What to run. This is the one file that starts processes. */
export interface Command {
  /** Program and arguments. No shell reads them. */
  readonly argv: readonly string[]
  readonly cwd: string
  /** All that the program gets, besides the few variables in `INHERITED`. */
  readonly env: Readonly<Record<string, string>>
  /** What the program reads; without it, its standard input is empty. */
  readonly stdin?: string | undefined
  readonly deadlines: Deadlines
  readonly signal: AbortSignal
  /** Bytes, stdout and stderr together; 4 MiB by default. */
  readonly maxOutput?: number
  /** Called whenever the program has written something. */
  readonly onOutput?: () => void
  /** Called with each line as it arrives. Lines are untrusted text. */
  readonly onLine?: (line: string, from: Stream) => void
}

/** What a program that ended with exit code 0 wrote. */
export interface Output {
  readonly stdout: string
  readonly stderr: string
}

type Stream = keyof Output

const WINDOWS = process.platform === 'win32'
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR'].concat(
  WINDOWS
    ? ['SystemRoot', 'ComSpec', 'PATHEXT', 'TEMP', 'TMP', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA']
    : [],
)
const MAX_OUTPUT = 4 * 1024 ** 2
const NOT_TEXT = 'wrote binary data where UTF-8 text was expected'
const WRITE_FILE = 'let it write a file, and print only its name'
/** Characters of what a failed program wrote that its error quotes. */
const QUOTED = 500

/** How a process group is ended, and how many milliseconds it gets to be gone after each signal. */
const ENDING = [
  ['SIGTERM', 2000],
  ['SIGKILL', 1000],
] as const
const POLL = 20
/** Milliseconds that output may still arrive when a program is over but something it started holds its pipes. */
const DRAIN = 500

/** The groups of processes that may be alive, each by the process id of its leader. */
const groups = new Set<number>()

/**
 * Kills at once all that `run` has started. Happens by itself when this process exits; a signal handler that ends
 * the process in another way calls it. Nothing helps against SIGKILL: children then live on.
 */
function killAll(): void {
  for (const group of groups) signalGroup(group, 'SIGKILL')
}

process.once('exit', killAll)

/**
 * Runs a program to its end. Resolves and rejects only once nothing of its process group is alive any more, whatever
 * it started; only a process that moved to a session of its own is out of reach.
 *
 * Rejects with `timeout`, with `command-failed` (not found, exit code other than 0, killed, output that is not text
 * or too much), or with the reason of `command.signal`.
 */
export async function run(command: Command, clock: Clock): Promise<Output> {
  refuseNul(command)
  const { execa } = await import('execa')
  command.signal.throwIfAborted()
  const [program = '', ...args] = command.argv
  const child = execa(program, args, {
    cwd: command.cwd,
    env: environment(command.env),
    extendEnv: false,
    detached: !WINDOWS,
    cleanup: false,
    reject: false,
    buffer: false,
    ...(command.stdin === undefined ? { stdin: 'ignore' } : { input: command.stdin }),
  })
  if (child.pid === undefined) throw notStarted(command, (await child).code)

  const group = child.pid
  groups.add(group)
  const exit = new Promise<Exit>(resolve => child.once('exit', (code, signal) => resolve({ code, signal })))
  const closed = new Promise(resolve => child.once('close', resolve))
  const halt = new AbortController()
  const halted = new Promise<never>((_, reject) => {
    halt.signal.addEventListener('abort', () => reject(halt.signal.reason))
  })
  const written = collect(command, child, clock, halt)
  try {
    const ended = await Promise.race([exit, halted])
    await Promise.race([sleep(clock, DRAIN, halt.signal), closed])
    return outcome(command, ended, written)
  } finally {
    halt.abort()
    await endGroup(group, clock)
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy()
    groups.delete(group)
  }
}

function environment(declared: Command['env']): Record<string, string> {
  const inherited = INHERITED.flatMap(name => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries([...inherited, ...Object.entries(declared)])
}

/** Keeps what the child writes, and aborts `halt` when a deadline passes, the output is too much, or the caller aborts. */
function collect(
  command: Command,
  child: Readonly<Record<Stream, Readable>>,
  clock: Clock,
  halt: AbortController,
): Record<Stream, Buffer[]> {
  const { deadlines, signal, maxOutput = MAX_OUTPUT, onOutput, onLine } = command
  const written: Record<Stream, Buffer[]> = { stdout: [], stderr: [] }
  let room = maxOutput

  const watched = watch(clock, deadlines, (name, milliseconds) =>
    halt.abort(late(command, name, milliseconds)),
  )

  for (const from of ['stdout', 'stderr'] as const) {
    child[from].on('data', (chunk: Buffer) => {
      if (halt.signal.aborted) return
      watched.touch()
      onOutput?.()
      room -= chunk.length
      if (room < 0)
        halt.abort(failed(command, `wrote more than ${maxOutput} bytes and was stopped`, WRITE_FILE))
      else written[from].push(chunk)
    })
    if (onLine) createInterface({ input: child[from] }).on('line', line => onLine(line, from))
  }

  const cancel = () => halt.abort(signal.reason)
  signal.addEventListener('abort', cancel)
  halt.signal.addEventListener('abort', () => {
    watched.stop()
    signal.removeEventListener('abort', cancel)
  })
  return written
}

/** Asks the group to end, then kills it; resolves when it is gone, or cannot be ended. */
async function endGroup(group: number, clock: Clock): Promise<void> {
  for (const [signal, patience] of ENDING) {
    if (!signalGroup(group, signal)) return
    for (let waited = 0; waited < patience; waited += POLL) {
      await sleep(clock, POLL)
      if (!signalGroup(group, 0)) return
    }
  }
}

/** False when nothing of the group is left. Signal 0 only asks. Windows knows no groups: there, the tree of the leader. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    if (!WINDOWS) return process.kill(-group, signal)
    if (signal === 0) return process.kill(group, 0)
    return spawnSync('taskkill', ['/pid', String(group), '/T', '/F']).status === 0
  } catch {
    return false
  }
}

interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

function outcome(command: Command, { code, signal }: Exit, written: Record<Stream, Buffer[]>): Output {
  const stdout = Buffer.concat(written.stdout)
  const stderr = Buffer.concat(written.stderr).toString()
  if (code !== 0) {
    const how = code === null ? `was ended by ${signal}` : `ended with exit code ${code}`
    const said = lastLines(stderr.trim() || stdout.toString().trim())
    throw failed(command, said ? `${how}: ${said}` : `${how} and said nothing`)
  }
  if (stdout.includes(0)) throw failed(command, NOT_TEXT, WRITE_FILE)
  try {
    return { stdout: new TextDecoder('utf-8', { fatal: true }).decode(stdout), stderr }
  } catch {
    throw failed(command, NOT_TEXT, WRITE_FILE)
  }
}

/** The end of `text`, from the beginning of a line if that can be. */
function lastLines(text: string): string {
  if (text.length <= QUOTED) return text
  const end = text.slice(1 - QUOTED)
  return `…${end.slice(end.indexOf('\n') + 1).replace(/^[\uDC00-\uDFFF]/, '')}`
}

function failed({ argv: [program] }: Command, problem: string, hint?: string): CrewError {
  return new CrewError('command-failed', `${program} ${problem}`, hint === undefined ? {} : { hint })
}

function refuseNul(command: Command): void {
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

function notStarted(command: Command, code = 'unknown reason'): CrewError {
  if (!statSync(command.cwd, { throwIfNoEntry: false })?.isDirectory()) {
    return failed(command, `cannot run in ${command.cwd}: there is no such folder`)
  }
  const [problem, hint] = NOT_STARTED[code] ?? [`could not be started (${code})`]
  return failed(command, problem, hint)
}

function late({ argv: [program] }: Command, deadline: keyof Deadlines, limit: number): CrewError {
  const seconds = `${limit / 1000} s`
  const problem = {
    firstByte: `wrote nothing within ${seconds}`,
    idle: `wrote nothing more for ${seconds}`,
    total: `was not done after ${seconds}`,
  }[deadline]
  return new CrewError('timeout', `${program} ${problem}`, { hint: `raise timeout.${deadline} of the agent` })
}
