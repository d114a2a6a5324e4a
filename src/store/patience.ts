import { type Clock, sleep } from '../clock.ts'

/** How long the store waits for another process to let go of the database, in milliseconds. */
const PATIENCE = 30_000

/** Does `work`, again and again while another process keeps the database locked. */
export async function whenFree<T>(clock: Clock, work: () => T | Promise<T>): Promise<T> {
  const giveUpAt = clock.uptime() + PATIENCE
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!errorCode(error).startsWith('SQLITE_BUSY') || clock.uptime() >= giveUpAt) throw error
      await sleep(clock, 50)
    }
  }
}

export function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
}
