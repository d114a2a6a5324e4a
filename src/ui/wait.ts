import { systemClock } from '../clock.ts'

/** What takes no longer than this, in milliseconds, does not even flicker. */
const UNNOTICED = 300

/**
 * Does `work`, and says to a person at a terminal what takes so long, if it does; nothing is left of that, however it
 * ends. For short waits in which nothing else is written.
 * @param what says what is done: `opening the store`
 */
export async function whileWaiting<T>(
  what: string,
  work: () => Promise<T>,
  { stream = process.stderr, after = UNNOTICED }: { stream?: NodeJS.WriteStream; after?: number } = {},
): Promise<T> {
  // In a terminal that does not know its width, ora would erase lines without end.
  if (!stream.isTTY || !stream.columns) return work()
  let isOver = false
  let stop: (() => void) | undefined
  const spin = async () => {
    const { default: ora } = await import('ora')
    if (isOver) return
    // Standard input is not its business: whoever types ahead means the next question.
    const spinner = ora({ text: what, stream, discardStdin: false }).start()
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
