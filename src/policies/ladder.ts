import * as z from 'zod'
import { CrewError, toCrewError } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import { doneBefore, latest } from './memory.ts'
import type { Call, Policy } from './policy.ts'

/** All that can still be done for an invocation that fails. */
const RUNGS = ['retry', 'model', 'simplify', 'agent', 'repair', 'cached', 'partial'] as const

export type Rung = (typeof RUNGS)[number]

/** The usual rungs. An old answer, or half of one, is taken only where somebody asks for that. */
const USUAL: readonly Rung[] = ['retry', 'model', 'simplify', 'agent', 'repair']

export const ladder = z
  .array(z.enum(RUNGS))
  .superRefine((rungs, context) => {
    const twice = rungs.findIndex((rung, index) => rungs.indexOf(rung) < index)
    if (twice < 0) return
    context.addIssue({ code: 'custom', path: [twice], message: `"${rungs[twice]}" stands here twice` })
  })
  .describe(`What is done when it fails, in this order (default: ${USUAL.join(', ')}; also: cached, partial)`)

/** The rungs of an agent, the first one first. */
export function rungsOf({ ladder }: { readonly ladder?: readonly Rung[] | undefined }): readonly Rung[] {
  return ladder ?? USUAL
}

/** The rungs as policies, in their order, and around them all the report. One that is not configured is left out. */
export function climbing(
  order: readonly Rung[],
  rungs: Readonly<Partial<Record<Rung, Policy>>>,
): readonly Policy[] {
  return [reporting, ...[...order].reverse().flatMap(name => rungs[name] ?? [])]
}

/** What can be done after a failure. */
export interface Resort {
  /** As the report says it. */
  readonly what: string
  /** Name of the step that it is. */
  readonly key: string
  /** Gives nothing where it turns out that there is nothing to try. */
  perform(failed: Failed): Promise<Json | undefined>
}

export interface Failed {
  /** It knows what was done in vain. */
  readonly call: Call
  readonly next: (call: Call) => Promise<Json>
  /** What went wrong in the first place, with all that was tried since. */
  readonly error: CrewError
  /** What went wrong last. */
  readonly last: CrewError
}

/**
 * A rung: when the work has failed, its resorts are tried one after the other until one gives a result, or there is
 * none any more. The failure then is the first one, which knows what was tried since.
 * @param resort gives the resort number `count`, from 0, if there is one against such a failure
 */
export function orElse(resort: (failed: Failed, count: number) => Resort | undefined): Policy {
  return async (call, next) => {
    let error: CrewError
    try {
      return await next(call)
    } catch (thrown) {
      error = toCrewError(thrown)
      // What a person has refused is not done in another way.
      if (call.ctx.signal.aborted || error.code === 'rejected') throw thrown
    }
    let last = error
    let { past = [] } = call
    for (let count = 0; ; count += 1) {
      past = latest([...past, ...doneBefore(last)])
      const failed = { call: { ...call, past }, next, error, last }
      const found = resort(failed, count)
      if (!found) throw error
      try {
        const result = await found.perform(await recorded(failed, found.key))
        if (result !== undefined) return result
      } catch (thrown) {
        last = toCrewError(thrown)
        if (call.ctx.signal.aborted || last.code === 'rejected') throw thrown
        error = afterwards(error, found.what, last)
      }
    }
  }
}

/**
 * The failure as it was when this was tried first. A run that is resumed after all has failed tries anew from the
 * bottom, and so comes here with another failure; what was asked because of the first one must not change.
 */
async function recorded(failed: Failed, key: string): Promise<Failed> {
  const { call, error, last } = failed
  const { past = [] } = call
  const now = { past, error: error.toFailure(), last: last.toFailure() }
  const then = await call.ctx.step(`why/${key}`, { kind: 'failure' }, async () => now)
  return {
    ...failed,
    call: { ...call, past: then.past },
    error: CrewError.from(then.error),
    last: CrewError.from(then.last),
  }
}

/** The error `first`, after something else was tried, which ended with `last`. */
export function afterwards(first: CrewError, what: string, last: CrewError): CrewError {
  const { tried = [], because = [] } = first.details
  const { answer, step, because: reasons = [] } = last.details
  return first.with({
    tried: [...tried, `${what} (${last.code})`],
    because: [...because, ...(step === undefined ? [] : [step]), ...reasons],
    done: latest([...doneBefore(first), ...doneBefore(last)]),
    ...(answer !== undefined && { answer }),
  })
}

/** Says of work that nothing has helped what was tried. */
const reporting: Policy = async (call, next) => {
  try {
    return await next(call)
  } catch (thrown) {
    const error = toCrewError(thrown)
    const { tried, ...details } = error.details
    if (call.ctx.signal.aborted || !tried) throw thrown
    decide(call, 'halt', error.message, { error: error.code, tried })
    throw new CrewError(error.code, `${error.message}; also tried: ${tried.join(', ')}`, details)
  }
}

/** Leaves in the trace what was decided about an invocation. */
export function decide({ ctx }: Call, what: string, reason: string, values: JsonObject): void {
  ctx.emit({ type: 'decision', key: ctx.key, what, reason, values })
}
