import type { JsonObject } from '../json.ts'
import type { Total } from '../spend.ts'
import type { RunTotal } from '../store/history.ts'
import { median } from './pace.ts'

/** What a run may take, as far as that is limited. */
export interface Plan {
  readonly usd?: number | undefined
  readonly tokens?: number | undefined
  /** Milliseconds of working time. */
  readonly time: number
}

/** Of a budget, this much has to be gone before its use is called too fast. */
const ENOUGH = 0.5

/**
 * Whether a run spends too much: more than `factor` times what runs of its team usually do, or, where that is not known,
 * more than half of its budget, and `factor` times faster than would make the budget last for the time that it may take.
 */
export function overspending(
  spent: Total,
  factor: number,
  past: readonly RunTotal[],
  { time, ...budget }: Plan,
  worked: number,
): { readonly reason: string; readonly values: JsonObject } | undefined {
  const amounts = { usd: spent.usd, tokens: spent.input + spent.output }
  if (past.length > 0) {
    const isPriced = spent.unpriced === 0 && past.every(({ usd = 0 }) => usd > 0)
    const unit = isPriced ? 'usd' : 'tokens'
    const usual = median(past.map(({ [unit]: amount = 0 }) => amount))
    if (amounts[unit] <= factor * usual) return undefined
    const often = `median of ${past.length}`
    const reason = `this run has taken ${inUnit(amounts[unit], unit)}; runs of its team usually take ${inUnit(usual, unit)} (${often})`
    return { reason, values: { unit, spent: amounts[unit], usual, runs: past.length } }
  }
  for (const unit of ['usd', 'tokens'] as const) {
    const { [unit]: limit = Number.POSITIVE_INFINITY } = budget
    const [gone, over] = [amounts[unit] / limit, worked / time]
    if (gone <= ENOUGH || gone <= factor * over) continue
    const reason = `${percent(gone)} of the budget of ${inUnit(limit, unit)} is gone after ${percent(over)} of the time`
    return { reason, values: { unit, spent: amounts[unit], limit, worked, time } }
  }
  return undefined
}

function inUnit(amount: number, unit: 'usd' | 'tokens'): string {
  return unit === 'usd' ? `$${amount.toFixed(amount < 1 ? 4 : 2)}` : `${Math.round(amount)} tokens`
}

function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`
}
