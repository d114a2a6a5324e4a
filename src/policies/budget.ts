import * as z from 'zod'
import type { Clock } from '../clock.ts'
import { toCrewError } from '../errors.ts'
import { isObject } from '../json.ts'
import { type Amount, amountOf, isLimited, limitsOf, NOTHING, type Spend, type Unit } from '../spend.ts'
import type { Store } from '../store/store.ts'
import type { RunView } from '../store/view.ts'
import { DayAccount } from './day.ts'
import { Ledger, type Shortage } from './ledger.ts'
import type { Act, ActPolicy } from './policy.ts'
import { RUN, refusal } from './shortage.ts'
import { type Tally, tallyOf } from './tally.ts'

const amount = {
  usd: z.number().min(0).optional().describe('US dollars; every model must have a price then'),
  tokens: z.int().min(1).optional().describe('Tokens, in and out, cached ones too'),
}
const perCall = { call: z.strictObject(amount).optional().describe('The most that a single call may take') }

/** Of a part of a pattern: all that is done for it, by whomever. */
export const budget = z
  .strictObject(amount)
  .describe('The most that this may take, with all that is done for it; a call that does not fit is not made')

/** Of an agent: all its calls in a run. */
export const agentBudget = z
  .strictObject({ ...amount, ...perCall })
  .describe('The most that its calls may take in a run; one that does not fit is not made')

/** Of a team: the whole run, or one invocation of a team inside of another. */
export const teamBudget = z
  .strictObject({
    ...amount,
    ...perCall,
    day: z.strictObject(amount).optional().describe('The most that all runs of this store may take in a day'),
  })
  .describe('The most that a run may take; a call that does not fit is not made')

export type Budget = z.infer<typeof agentBudget>

type TeamBudget = z.infer<typeof teamBudget>

/**
 * What a run may take: what its team file says, unless the person who runs it said something else (`usd`, `tokens`,
 * `day.usd`, `day.tokens`). Of days also the teams inside of it have a say.
 */
export function runBudget(
  [own = {}, ...inner]: readonly (TeamBudget | undefined)[],
  said: Readonly<Record<string, number>>,
): TeamBudget {
  const ofDay = (unit: Unit) => {
    const declared = [own, ...inner].flatMap(budget => budget?.day?.[unit] ?? [])
    return said[`day.${unit}`] ?? (declared.length > 0 ? Math.min(...declared) : undefined)
  }
  const { usd = own.usd, tokens = own.tokens } = said
  return { ...own, usd, tokens, day: { usd: ofDay('usd'), tokens: ofDay('tokens') } }
}

export interface Setting {
  readonly run: string
  readonly recorded: RunView
  readonly store: Pick<Store, 'spending'>
  readonly clock: Clock
  /** What the whole run may take. */
  readonly budget: TeamBudget
}

/** The budgets of one run: of itself, and of teams, agents and parts of patterns in it. */
export class Budgets {
  readonly ledger = new Ledger()
  private readonly setting: Setting
  private readonly day: DayAccount | undefined
  private tallied: Tally | undefined

  constructor(setting: Setting) {
    this.setting = setting
    const { budget, recorded } = setting
    // A rehearsal spends nothing: it must not keep anybody from spending.
    if (isLimited(budget.day) && !recorded.rehearsal)
      this.day = new DayAccount(limitsOf(budget.day ?? {}), setting)
  }

  /** Each opens an account, when something is declared for it, and gives its name. What it paid before counts. */
  forRun(): readonly string[] {
    const { budget, recorded } = this.setting
    return this.open(RUN, budget, () => amountOf(recorded.spent))
  }

  /** `key`: the step in which all that it pays for is done. */
  forStep(kind: 'branch' | 'team', key: string, declared: Budget | undefined): readonly string[] {
    const { steps } = this.setting.recorded
    return this.open(`${kind} ${key}`, declared, () => {
      const step = steps.get(key)
      return step ? amountOf(step.spent) : NOTHING
    })
  }

  /** `team`: the step in which its team works. An agent that is a team pays for all that is done in there. */
  forAgent(
    team: string,
    agent: string,
    { budget, kind }: { budget?: Budget | undefined; kind?: string | undefined },
  ) {
    const name = team === '' ? `agent ${agent}` : `agent ${agent} of ${team}`
    return this.open(name, budget, () => {
      this.tallied ??= tallyOf(this.setting.recorded)
      return this.tallied(team, agent, kind === 'team' ? 'inside' : 'own')
    })
  }

  /** Has these accounts pay for calls of models; undefined when nobody need pay. */
  guard(accounts: readonly string[]): ActPolicy | undefined {
    if (accounts.length === 0 && !this.day) return undefined
    return async (act, next) => {
      if (!act.reserved) return next(act)
      const asked = amountOf(act.reserved)
      const { settle, waits } = await this.reserve(accounts, act, asked)
      try {
        const result = await next({ ...act, waits: [...(act.waits ?? []), ...waits] })
        settle(amountOf(spentIn(result) ?? act.reserved))
        return result
      } catch (thrown) {
        // What was broken off may have cost all that it could; what failed says what it did, or did not begin.
        const { spent } = toCrewError(thrown).details
        settle(act.ctx.signal.aborted ? asked : spent ? amountOf(spent) : NOTHING)
        throw thrown
      }
    }
  }

  private open(name: string, declared: Budget | undefined, before: () => Amount): readonly string[] {
    if (!isLimited(declared) && !isLimited(declared?.call)) return []
    const limits = limitsOf(declared ?? {})
    this.ledger.open({ name, limits, perCall: limitsOf(declared?.call ?? {}), isVital: name === RUN }, before)
    return [name]
  }

  private async reserve(accounts: readonly string[], act: Act, asked: Amount) {
    const { clock } = this.setting
    const { key, signal } = act.ctx
    const began = clock.uptime()
    const refuse = (shortage: Shortage) => {
      const { error, values } = refusal(shortage, act)
      if (!shortage.isOld)
        act.ctx.emit({ type: 'decision', key, what: 'budget', reason: error.message, values })
      return error
    }
    let place: string | undefined
    const wait = (account: string, ahead: number) => {
      place = `the budget of ${account}`
      act.ctx.emit({ type: 'queued', key, place, ahead })
    }
    const settle = await this.ledger.reserve(accounts, asked, { signal, refuse, wait })
    try {
      await this.day?.reserve(act, asked, { refuse, wait })
    } catch (thrown) {
      settle(NOTHING)
      throw thrown
    }
    return { settle, waits: place === undefined ? [] : [{ place, milliseconds: clock.uptime() - began }] }
  }
}

/** What the reply of a model says that it took. */
function spentIn(result: unknown): Spend | undefined {
  return isObject(result) && isObject(result.spent) ? (result.spent as unknown as Spend) : undefined
}
