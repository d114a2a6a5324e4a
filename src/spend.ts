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
  total.usd = addDollars(total.usd, spent.usd ?? 0)
  if (spent.usd === undefined) total.unpriced += 1
  if (spent.estimated) total.estimated += 1
}

/** Dollars in millionths of millionths, so that sums are exact (up to some nine thousand dollars), and tokens. */
export interface Amount {
  readonly usd: number
  readonly tokens: number
}

export const UNITS = ['usd', 'tokens'] as const
export type Unit = (typeof UNITS)[number]

/** In the units of an amount; what is not named is not limited. */
export type Limits = { readonly [unit in Unit]?: number | undefined }

export const NOTHING: Amount = { usd: 0, tokens: 0 }

const PER_DOLLAR = 1e12

export function isLimited(limits: Limits | undefined): boolean {
  return UNITS.some(unit => limits?.[unit] !== undefined)
}

export function amountOf({ usd = 0, input, output }: Pick<Spend, 'usd' | 'input' | 'output'>): Amount {
  return { usd: toUnits(usd), tokens: input + output }
}

export function limitsOf({ usd, tokens }: Limits): Limits {
  return { usd: usd === undefined ? undefined : toUnits(usd), tokens }
}

function toUnits(usd: number): number {
  return Math.round(usd * PER_DOLLAR)
}

/** What the binary fractions of dollars get wrong is left out, so that a sum does not depend on the order. */
function addDollars(one: number, other: number): number {
  return inDollars({ usd: toUnits(one) + toUnits(other) })
}

/** Adds `more` to `total`, count by count. */
export function addTotal(total: Total, more: Total): void {
  for (const count of COUNTS)
    total[count] = count === 'usd' ? addDollars(total.usd, more.usd) : total[count] + more[count]
}

const COUNTS = Object.keys(zero()) as (keyof Total)[]

export function plus(one: Amount, other: Amount, sign = 1): Amount {
  return { usd: one.usd + sign * other.usd, tokens: one.tokens + sign * other.tokens }
}

export function inDollars({ usd }: Pick<Amount, 'usd'>): number {
  return usd / PER_DOLLAR
}
