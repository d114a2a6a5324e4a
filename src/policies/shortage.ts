import { CrewError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { inDollars, type Unit } from '../spend.ts'
import type { Shortage } from './ledger.ts'
import type { Act } from './policy.ts'

/** Accounts without which nothing of a run goes on. */
export const RUN = 'the run'
export const DAY = 'the day'

/** Why a call is not made, with all that was weighed. Who pays for the whole run brings the run down. */
export function refusal(shortage: Shortage, act: Act): { error: CrewError; values: JsonObject } {
  const { account, unit, isPerCall } = shortage
  const isFatal = !isPerCall && (account === RUN || account === DAY)
  const [limit, spent, reserved, asked] = [shortage.limit, shortage.spent, shortage.reserved, shortage.asked]
  const call = `this call of ${act.agent} may take ${inWords(unit, asked)}${outOf(act)}`
  const left = `${inWords(unit, spent)} of it ${unit === 'usd' ? 'is' : 'are'} spent`
  const most = `at most ${inWords(unit, limit)}`
  const message = isPerCall
    ? `a single call may take ${most}, says the budget of ${account}, and ${call}`
    : `${SUBJECTS[account] ?? account} may take ${most}: ${left}, nothing else is under way, and ${call}`
  const code = isFatal ? 'limit-budget' : 'over-budget'
  const number = (value: number) => (unit === 'usd' ? inDollars({ usd: value }) : value)
  return {
    error: new CrewError(code, message, { hint: hintFor(shortage, isFatal) }),
    values: {
      account,
      unit,
      limit: number(limit),
      spent: number(spent),
      reserved: number(reserved),
      asked: number(asked),
      ...(isPerCall && { perCall: true }),
    },
  }
}

const SUBJECTS: Readonly<Record<string, string>> = { [DAY]: 'all that is run in a day' }

function hintFor({ account, unit, limit, spent, asked, isPerCall }: Shortage, isFatal: boolean): string {
  if (isPerCall)
    return `let replies be shorter with maxTokens of the model, or raise budget.call.${unit} of ${account}`
  if (!isFatal)
    return `raise budget.${unit} of ${account} in the team file, or give the work a cheaper fallback`
  const more = roundUp(unit, Math.max(2 * limit, spent + asked))
  const raise = (name: string) => `crew resume RUN --budget ${name}=${more}`
  return account === DAY
    ? `go on tomorrow with crew resume RUN, or today with: ${raise(`day.${unit}`)}`
    : `give it more: ${raise(unit)}`
}

/** What is asked for at the most, in its parts. */
function outOf({ reserved }: Act): string {
  if (!reserved) return ''
  const { input, output } = reserved
  return ` (${grouped(input)} tokens in, up to ${grouped(output)} out)`
}

function inWords(unit: Unit, value: number): string {
  return unit === 'usd' ? `$${grouped(inDollars({ usd: value }))}` : `${grouped(value)} tokens`
}

function grouped(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 6 })
}

/** To two digits, so that it is easily written. */
function roundUp(unit: Unit, value: number): number {
  const number = unit === 'usd' ? inDollars({ usd: value }) : value
  const step = 10 ** (Math.floor(Math.log10(number)) - 1)
  return Number((Math.ceil(number / step - 1e-9) * step).toPrecision(2))
}
