import ms from 'ms'
import prettyMilliseconds from 'pretty-ms'
import { twoDigits } from '../calendar.ts'
import { once } from '../once.ts'
import { shellWord } from '../shell-word.ts'
import type { Total } from '../spend.ts'

export { localDay as formatDay } from '../calendar.ts'

/** How long something took: `0.3s`, `2m 5s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)}s`
  return prettyMilliseconds(milliseconds, { secondsDecimalDigits: 0 })
}

/** How long ago something was: `3m ago`, `now`. */
export function formatAge(milliseconds: number): string {
  return milliseconds < 1000 ? 'now' : `${ms(milliseconds)} ago`
}

/** Local time of day: `09:05:03`; `at` in milliseconds since the epoch. */
export function formatTime(at: number): string {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')
}

export function formatTokens(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Dollars with as many digits as it takes to see them: `$0.0012`, `$3.40`. */
export function formatDollars(total: number): string {
  // Without what adding up binary fractions got wrong: the same sum looks the same wherever it is shown.
  const usd = Number(total.toFixed(12))
  return `$${usd === 0 || usd >= 0.1 ? usd.toFixed(2) : TWO_DIGITS().format(usd)}`
}

/** Made when it is first used: that takes as much time as Node needs to start. */
const TWO_DIGITS = once(
  () => new Intl.NumberFormat('en-US', { minimumSignificantDigits: 2, maximumSignificantDigits: 2 }),
)

/** How a command names a run: with its store, where that is not the one that crew finds by itself. */
export function formatReference(id: string, db?: string): string {
  if (db === undefined) return id
  return `${id} --db ${shellWord(db)}`
}

/** What was spent, honestly: estimates and unknown prices are said to be that. */
export function formatSpent(total: Total): string {
  if (total.calls === 0) return 'no model calls'
  const { calls, input, output, cached, usd, unpriced, estimated } = total
  const about = estimated > 0 ? '~' : ''
  const tokens = `${about}${formatTokens(input + output)} tokens${cached > 0 ? ` (${formatTokens(cached)} cached)` : ''}`
  const price = unpriced === calls ? 'price unknown' : `${about}${formatDollars(usd)}`
  const partly = unpriced > 0 && unpriced < calls ? ` + ${unpriced} calls of unknown price` : ''
  return `${tokens}, ${price}${partly}`
}
