import * as z from 'zod'
import { duration } from '../duration.ts'
import type { Context } from '../engine/context.ts'
import { CrewError, type Failure, toCrewError } from '../errors.ts'
import { fraction } from '../json.ts'
import { doneBefore, latest, withPast } from './memory.ts'
import type { Call, Policy, Rejection } from './policy.ts'

export const retry = z
  .strictObject({
    attempts: z
      .int()
      .min(1)
      .max(20)
      .optional()
      .describe(
        'How often at the most, the first time included; a program that ends badly is run again only when this is given',
      ),
    backoff: duration.optional().describe('Pause before the second attempt; doubled before each further one'),
    feedback: z.boolean().optional().describe('Tell the agent why its answer was rejected (default: true)'),
  })
  .describe('What happens when an attempt fails')

export interface Retry {
  readonly attempts: number
  /** Milliseconds before the second attempt. */
  readonly backoff: number
  readonly feedback: boolean
  /** Somebody asked for it: a program that ends badly is run again too, though that seldom heals by itself. */
  readonly isDeclared: boolean
  /** Somebody else can do it at once, or has to wait in its place: a breaker that is open is not waited for here. */
  readonly passesOn?: (breaker: Failure['breaker']) => boolean
  /** Where others are tried in between: which of several rounds this is, from 1, each with as many attempts. */
  readonly round?: number
}

/** What a team file declares, with the rest filled in. */
export function retrySettings(declared: z.infer<typeof retry> = {}, attempts = 3): Retry {
  const { backoff = 1_000, feedback = true } = declared
  const isDeclared = declared.attempts !== undefined
  return { attempts: declared.attempts ?? attempts, backoff, feedback, isDeclared }
}

/** No single pause is longer, whatever the other side asks for, in milliseconds. */
const LONGEST_PAUSE = 60_000

/** Tries an invocation again when its failure may heal, telling the agent what was wrong with its answer. */
export function retrying(settings: Retry): Policy {
  return async (call, next) => {
    const rejections: Rejection[] = [...call.rejections]
    const allowed = settings.attempts * (1 + call.ctx.reopened)
    let past = call.past ?? []
    const attempts = tryRepeatedly(call.ctx, call.agent, settings, async attempt => {
      const told = [...rejections]
      const known = past
      const perform = (ctx: Context) => next(Object.assign({}, call, { ctx, rejections: told, past: known }))
      try {
        if (attempt === 1) return await perform(call.ctx)
        return await call.ctx.step(`attempt-${attempt}`, { kind: 'attempt', identity: told.length }, perform)
      } catch (thrown) {
        if (!settings.feedback) throw thrown
        const error = toCrewError(thrown)
        past = latest([...past, ...doneBefore(error)])
        const rejection = rejectionIn(error)
        if (!rejection) throw error
        const again = told.filter(({ answer }) => answer === rejection.answer).length
        rejections.push(rejection)
        // Whoever resumes a run that ended here has it asked once more.
        const isStuck = again > call.ctx.reopened && attempt < allowed
        throw isStuck ? saidAgain(call, error, { attempt, allowed }) : error
      }
    })
    return attempts.catch(thrown => {
      throw withPast(thrown, call.agent, past, rejections)
    })
  }
}

/** It knew what was wrong, and gave the same answer: it would give it again. The error stays, for it says what is wrong. */
function saidAgain(
  { ctx, agent }: Call,
  error: CrewError,
  values: { attempt: number; allowed: number },
): CrewError {
  const reason = `${agent} was told what is wrong with its answer and gave the same again: it is not asked once more`
  ctx.emit({ type: 'decision', key: ctx.key, what: 'repetition', reason, values })
  return error.with({ attempts: values.attempt })
}

/**
 * Calls `run` until it succeeds, its failure cannot heal, or the attempts are used up. Attempts are counted in the
 * journal: a run that is resumed after this failed has as many again. Steps inside `run` are named by attempt.
 */
export async function tryRepeatedly<T>(
  ctx: Context,
  name: string,
  { attempts, backoff, isDeclared, passesOn, round }: Retry,
  run: (attempt: number) => Promise<T>,
): Promise<T> {
  const first = round === undefined ? 1 : attempts * (round - 1) + 1
  const allowed = attempts * (round ?? 1 + ctx.reopened)
  for (let attempt = first; ; attempt += 1) {
    try {
      return await run(attempt)
    } catch (thrown) {
      const error = toCrewError(thrown)
      // What brought the run down before somebody resumed it is over, however hopeless it was.
      if (round === undefined && error.isReplayed && ctx.reopened > 0 && attempt < allowed) continue
      const mayHeal = error.retryable || (isDeclared && error.code === 'command-failed')
      if (ctx.signal.aborted || !mayHeal || error.details.attempts) throw error
      if (error.code === 'circuit-open' && passesOn?.(error.details.breaker)) throw error
      if (attempt >= allowed) throw attempt === first ? error : givenUp(error, attempt - first + 1)
      const pause = pauseBefore(attempt, backoff, error, `${ctx.key}/${name}`)
      const values = { error: error.code, attempt, allowed, pause }
      ctx.emit({ type: 'decision', key: ctx.key, what: 'retry', reason: `${name}: ${error.message}`, values })
      await ctx.sleep(`${name}-pause-${attempt}`, pause)
    }
  }
}

function givenUp(error: CrewError, attempts: number): CrewError {
  return new CrewError(error.code, `${error.message} (tried ${attempts} times)`, {
    ...error.details,
    attempts,
  })
}

/**
 * Exponential backoff with equal jitter (half fixed, half spread), or what the other side asked for if that is more.
 * The spread comes from the key, so that lanes drift apart and a resumed run decides the same again.
 */
function pauseBefore(attempt: number, backoff: number, error: CrewError, key: string): number {
  const own = backoff * 2 ** (attempt - 1) * (0.5 + fraction(`${key}/${attempt}`) / 2)
  return Math.round(Math.min(LONGEST_PAUSE, Math.max(own, error.details.retryAfter ?? 0)))
}

function rejectionIn({ message, details: { answer } }: CrewError): Rejection | undefined {
  return answer === undefined ? undefined : { answer, problem: message }
}
