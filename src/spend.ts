/** Tokens and dollars. Input tokens include the cached ones. */
export interface Spend {
  readonly input: number
  readonly output: number
  readonly cached: number
  /** US dollars; absent when the price of the model is unknown. */
  readonly usd?: number
  /** The provider did not say; this is our conservative count. */
  readonly estimated?: boolean
  /** Who asked which model. Absent in runs of older crews. */
  readonly agent?: string
  readonly model?: string
}

/** What several calls took together. */
export interface Total {
  calls: number
  input: number
  output: number
  cached: number
  usd: number
  /** Calls whose price is unknown; `usd` does not contain them. */
  unpriced: number
  /** Calls whose usage is our own conservative count. */
  estimated: number
}

export const zero = (): Total => ({
  calls: 0,
  input: 0,
  output: 0,
  cached: 0,
  usd: 0,
  unpriced: 0,
  estimated: 0,
})

export function add(total: Total, spent: Spend): void {
  total.calls += 1
  total.input += spent.input
  total.output += spent.output
  total.cached += spent.cached
  total.usd += spent.usd ?? 0
  if (spent.usd === undefined) total.unpriced += 1
  if (spent.estimated) total.estimated += 1
}
