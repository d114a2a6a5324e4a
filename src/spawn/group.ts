import { spawnSync } from 'node:child_process'
import { type Clock, sleep } from '../clock.ts'

/** What was started: as far as ending it goes. */
interface Started {
  readonly env: Readonly<Record<string, string>>
  readonly ending?: readonly string[]
}

export const WINDOWS = process.platform === 'win32'
/** Variables of this process that every program gets. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR'].concat(
  WINDOWS
    ? ['SystemRoot', 'ComSpec', 'PATHEXT', 'TEMP', 'TMP', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA']
    : [],
)
/** How a process group is ended, and how many milliseconds it gets to be gone after each signal. */
const ENDING = [
  ['SIGTERM', 2000],
  ['SIGKILL', 1000],
] as const
const POLL = 20

/** Milliseconds for the program that ends what a killed one has left to others. */
const ENDING_TIME = 5000

/** The groups of processes that may be alive, each by the process id of its leader, with what they were started as. */
export const groups = new Map<number, Started>()

/**
 * Kills at once all that `run` has started. Happens by itself when this process exits; a signal handler that ends
 * the process in another way calls it. Nothing helps against SIGKILL: children then live on.
 */
function killAll(): void {
  for (const [group, { ending, env }] of groups) {
    signalGroup(group, 'SIGKILL')
    const [program, ...args] = ending ?? []
    if (program !== undefined)
      spawnSync(program, args, { env: environment(env), stdio: 'ignore', timeout: ENDING_TIME })
  }
}

process.once('exit', killAll)

export function environment(declared: Started['env']): Record<string, string> {
  const inherited = INHERITED.flatMap(name => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries([...inherited, ...Object.entries(declared)])
}

/** What goes on elsewhere must be over, too, when a program is said to be. */
export async function endOthers({ ending, env }: Started): Promise<void> {
  const [program, ...args] = ending ?? []
  if (program === undefined) return
  const { execa } = await import('execa')
  const options = { env: environment(env), extendEnv: false, reject: false } as const
  await execa(program, args, { ...options, stdio: 'ignore', timeout: ENDING_TIME })
}

/** Asks the group to end, then kills it; resolves when it is gone, or cannot be ended. */
export async function endGroup(group: number, clock: Clock): Promise<void> {
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
