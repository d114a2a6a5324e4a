import { CrewError } from '../errors.ts'

/** What can be given to a run with `--budget`. */
const NAMES = ['usd', 'tokens', 'day.usd', 'day.tokens']

export const BUDGET_OPTION = [
  '--budget <name=value>',
  'what it may take instead of what the team file says: usd, tokens, day.usd or day.tokens',
] as const

/** Budgets as the limits of a run. */
export function readBudgets(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(texts.map(readBudget))
}

function readBudget(text: string): [name: string, value: number] {
  const [, name = '', digits = ''] = /^([a-z.]+)=(\d+(?:\.\d+)?)$/.exec(text) ?? []
  const value = Number(digits)
  const isWhole = name.endsWith('tokens')
  if (!NAMES.includes(name) || (isWhole && (!Number.isSafeInteger(value) || value < 1))) {
    throw new CrewError('usage', `--budget ${text} is not a budget`, {
      hint: 'write it like --budget usd=2.50 or --budget tokens=100000: the new total, in plain numbers',
    })
  }
  return [name, value]
}
