import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { type Clock, sleep } from './clock.ts'
import { type Deadlines, watch } from './deadlines.ts'
import { CrewError } from './errors.ts'
import { failed, lastLines, late, notStarted, QUOTED, refuseNul } from './spawn/failures.ts'
import { endGroup, endOthers, environment, groups, WINDOWS } from './spawn/group.ts'

/** What to run. This file, and what lies in its folder, is the one place that starts processes. */
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
  /** Program and arguments that end what this one has others do, outside of its group. Run when it did not end by itself. */
  readonly ending?: readonly string[]
}

/** What a program that ended with exit code 0 wrote. */
export interface Output {
  readonly stdout: string
  readonly stderr: string
}

/** How a program ended, and the bytes that it wrote. */
export interface Ending extends Readonly<Record<Stream, Buffer>> {
  /** Null when it was ended by a signal, or stopped. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it was stopped before it had ended: it took too long, or wrote too much. */
  readonly stopped?: CrewError
}

type Stream = keyof Output

const MAX_OUTPUT = 4 * 1024 ** 2
const NOT_TEXT = 'wrote binary data where UTF-8 text was expected'
const WRITE_FILE = 'let it write a file, and print only its name'
/** Milliseconds that output may still arrive when a program is over but something it started holds its pipes. */
const DRAIN = 500

/**
 * Runs a program to its end, and gives what it wrote.
 *
 * Rejects with `timeout`, with `command-failed` (not found, exit code other than 0, killed, output that is not text
 * or too much), or with the reason of `command.signal`.
 */
export async function run(command: Command, clock: Clock): Promise<Output> {
  const ending = await runToEnd(command, clock)
  if (ending.stopped) throw ending.stopped
  return outcome(command, ending)
}

/**
 * Runs a program to its end, however it ends. Resolves and rejects only once nothing of its process group is alive any
 * more, whatever it started; only a process that moved to a session of its own is out of reach.
 *
 * Rejects with `command-failed` when it cannot be started, or with the reason of `command.signal`.
 */
export async function runToEnd(command: Command, clock: Clock): Promise<Ending> {
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
  groups.set(group, command)
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
    return { ...ended, ...wholeOf(written) }
  } catch (thrown) {
    const isStopped = thrown instanceof CrewError && !command.signal.aborted
    if (!isStopped) throw thrown
    return { code: null, signal: null, ...wholeOf(written), stopped: thrown }
  } finally {
    const isOver = child.exitCode !== null
    halt.abort()
    await endGroup(group, clock)
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy()
    groups.delete(group)
    if (!isOver) await endOthers(command)
  }
}

/** What to talk to for as long as it is wanted. */
export interface Partner extends Pick<Command, 'argv' | 'cwd' | 'env' | 'ending'> {
  /** Is told what it writes. */
  readonly onOutput: (bytes: Buffer) => void
  /** Is told, once, that it has ended, and how, with the last lines of what it complained about. */
  readonly onEnd: (how: string) => void
}

/** A program that listens. */
export interface Program {
  tell(text: string): void
  /** Bytes that it was told and has not read. */
  readonly unread: number
  /** Lets it end by itself for a moment, then ends it. Resolves when nothing of its process group is alive any more. */
  end(): Promise<void>
}

/**
 * Starts a program that reads and writes until it is ended: by `end`, or with this process.
 *
 * Rejects with `command-failed` when it cannot be started.
 */
export async function open(partner: Partner, clock: Clock): Promise<Program> {
  refuseNul(partner)
  const { execa } = await import('execa')
  const { argv, cwd, env, onOutput, onEnd } = partner
  const [program = '', ...args] = argv
  const child = execa(program, args, {
    cwd,
    env: environment(env),
    extendEnv: false,
    detached: !WINDOWS,
    cleanup: false,
    reject: false,
    buffer: false,
    stdin: 'pipe',
  })
  if (child.pid === undefined) throw notStarted(partner, (await child).code)

  const group = child.pid
  groups.set(group, partner)
  let complaints = ''
  child.stdout.on('data', onOutput)
  child.stderr.on('data', (bytes: Buffer) => {
    complaints = (complaints + bytes.toString()).slice(-2 * QUOTED)
  })
  // One that ended does not read any more: that is said by its end.
  child.stdin.on('error', () => {})
  const exit = new Promise<Exit>(resolve => child.once('exit', (code, signal) => resolve({ code, signal })))
  const closed = new Promise(resolve => child.once('close', resolve))
  const gone = exit.then(async ({ code, signal }) => {
    await Promise.race([sleep(clock, DRAIN), closed])
    await endGroup(group, clock)
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
    groups.delete(group)
    if (code === null) await endOthers(partner)
    const said = lastLines(complaints.trim())
    onEnd(`${howEnded(code, signal)}${said ? `: ${said}` : ' and said nothing'}`)
  })
  return {
    tell: text => void child.stdin.write(text),
    get unread() {
      return child.stdin.writableLength
    },
    async end() {
      child.stdin.end()
      await Promise.race([gone, sleep(clock, DRAIN)])
      // The number of a group that is gone may be given to another one.
      if (groups.has(group)) await endGroup(group, clock)
      await Promise.race([gone, sleep(clock, DRAIN)])
    },
  }
}

function howEnded(code: Exit['code'], signal: Exit['signal']): string {
  return code === null ? `was ended by ${signal}` : `ended with exit code ${code}`
}

/**
 * Hands the terminal to a program of the person who sits there, such as an editor, with all of their environment.
 * Rejects with `command-failed` when it cannot be started or ends badly.
 */
export async function runAtTerminal(argv: readonly string[]): Promise<void> {
  const { execa } = await import('execa')
  const [program = '', ...args] = argv
  const {
    failed: isFailed,
    code,
    exitCode,
    signal,
  } = await execa(program, args, { stdio: 'inherit', reject: false })
  if (!isFailed) return
  const command = { argv, cwd: process.cwd() }
  if (exitCode === undefined && signal === undefined) throw notStarted(command, code)
  throw failed(command, signal ? `was ended by ${signal}` : `ended with exit code ${exitCode}`)
}

function wholeOf({ stdout, stderr }: Record<Stream, Buffer[]>): Record<Stream, Buffer> {
  return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }
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
      written[from].push(room < 0 ? chunk.subarray(0, chunk.length + room) : chunk)
      if (room < 0)
        halt.abort(failed(command, `wrote more than ${maxOutput} bytes and was stopped`, WRITE_FILE))
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

interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

function outcome(command: Command, { code, signal, stdout, stderr: bytes }: Ending): Output {
  const stderr = bytes.toString()
  if (code !== 0) {
    const how = howEnded(code, signal)
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
