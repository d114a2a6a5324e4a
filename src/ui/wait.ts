import { systemClock } from '../clock.ts'
import { mayRedraw } from './redraw.ts'

/** What takes no longer than this, in milliseconds, does not even flicker. */
const UNNOTICED = 300

interface Where {
  readonly stream?: NodeJS.WriteStream
  readonly env?: NodeJS.ProcessEnv
  /** Milliseconds. */
  readonly after?: number
}

/**
 * Does `work`, and says to a person at a terminal what takes so long, if it does; nothing is left of that, however it
 * ends. For short waits in which nothing else is written.
 * @param what says what is done: `opening the store`
 */
export async function whileWaiting<T>(
  what: string,
  work: () => Promise<T>,
  { stream = process.stderr, env = process.env, after = UNNOTICED }: Where = {},
): Promise<T> {
  // In a terminal that does not know its width, ora would erase lines without end.
  if (!mayRedraw(stream, env) || !stream.columns) return work()
  let isOver = false
  let stop: (() => void) | undefined
  const spin = async () => {
    const { default: ora } = await import('ora')
    if (isOver) return
    // Standard input is not its business: whoever types ahead means the next question.
    const spinner = ora({ text: what, stream, discardStdin: false, isEnabled: true }).start()
    stop = () => spinner.stop()
  }
  // A spinner that cannot be shown must not end what is being done.
  const calledOff = systemClock.after(after, () => void spin().catch(() => {}))
  try {
    return await work()
  } finally {
    isOver = true
    calledOff()
    stop?.()
  }
}
