import type { CrewError, Failure } from '../errors.ts'
import { canonical, type Json } from '../json.ts'
import { addTotal, type Total, zero } from '../spend.ts'
import { isInside, outwards } from '../step-key.ts'
import type { Event, Fork, Guidance, WaitRequest } from '../store/events.ts'
import { type RunView, type StepView, viewOf, type WaitView } from '../store/view.ts'

/** How a step ended in another run. */
interface Ending {
  readonly step: StepView
  /** All that was spent for it, by whichever run. */
  readonly spent: Total | undefined
}

/**
 * What a fork has from the run that it comes from. A fork begins anew, and its program decides everything once more; but
 * an act that is asked the same under the same key is not repeated: its end is taken over, as long as it began before the
 * point of the fork and its agent is what it was.
 */
export interface Inheritance {
  /** The end of an act with this fingerprint, if it may be taken over. */
  act(key: string, fingerprint: string): Ending | undefined
  /** The act may have happened there, and nobody knows. */
  inDoubt(key: string, fingerprint: string): StepView | undefined
  /** Nobody needed it there any more when it was under way. */
  wasDropped(key: string): boolean
  /** What a person gave as the result of this step who forked the run, or that run from another one. */
  given(key: string, fingerprint: string): { readonly output: Json } | undefined
  /** Whether the step came to the same there. */
  isSame(key: string, end: { readonly output: Json } | { readonly error: CrewError }): boolean
  /** A question that was put in the same words, and is over. */
  wait(key: string, asked: Omit<WaitRequest, 'until'>): WaitView | undefined
  /** When a timer was over, in milliseconds since the epoch. */
  timer(key: string): number | undefined
  guidance(key: string): readonly Guidance[] | undefined
  /** What the scope went on with when it had the choice for this time, from 0. */
  choice(scope: string, index: number): string | undefined
}

/**
 * @param events of the run that the fork comes from, all of them
 * @param further what that run has itself from one that it is a fork of, for all that it did not come to
 */
export function inheritanceOf(fork: Fork, events: readonly Event[], further?: Inheritance): Inheritance {
  const view = viewOf(events)
  const { steps, waits, timers, guidance, choices } = view
  const isKept = keeping(fork, events, view)
  const changed = new Set(fork.changed)
  const { set = {} } = fork

  /** By the agent at work: who asked it may well have changed. */
  const invocationOf = (key: string) =>
    steps.get([...outwards(key)].find(outer => steps.get(outer)?.agent !== undefined) ?? '')
  const isAnother = (key: string) => changed.has(invocationOf(key)?.agent ?? '')
  const { step: last, because = [] } = view.error ?? {}
  const guilty = new Set([...(last === undefined ? [] : [last]), ...because].map(invocationOf))
  /** It brought that run down, or was tried again in vain. */
  const isFatal = ({ state, key }: StepView) => state === 'failed' && guilty.has(invocationOf(key))
  const known = (key: string, fingerprint: string) => {
    const step = steps.get(key)
    return step?.fingerprint === fingerprint && isKept(key) && !isAnother(key) ? step : undefined
  }

  const isAhead = beyond(fork, view, isKept)
  const ahead = (key: string) => (further && isAhead(key) ? further : undefined)

  return {
    act(key, fingerprint) {
      if (!steps.has(key)) return ahead(key)?.act(key, fingerprint)
      const step = known(key, fingerprint)
      if (!step || !hasEnded(step) || isFatal(step)) return undefined
      return { step, spent: spentFor(step) }
    },
    inDoubt(key, fingerprint) {
      if (!steps.has(key)) return ahead(key)?.inDoubt(key, fingerprint)
      const step = known(key, fingerprint)
      return step?.effects === 'once' && !hasEnded(step) && !step.untried ? step : undefined
    },
    wasDropped: key => steps.get(key)?.final === true,
    given(key, fingerprint) {
      if (Object.hasOwn(set, key)) return { output: set[key] ?? null }
      if (!steps.has(key)) return ahead(key)?.given(key, fingerprint)
      const { inherited, output = null } = known(key, fingerprint) ?? {}
      return inherited?.set ? { output } : undefined
    },
    isSame(key, end) {
      const step = steps.get(key)
      if (!step && further) return further.isSame(key, end)
      if ('output' in end)
        return step?.state === 'succeeded' && canonical(step.output ?? null) === canonical(end.output)
      return step?.state === 'failed' && sayOf(step.error) === sayOf(end.error.toFailure())
    },
    wait(key, asked) {
      const wait = waits.get(key)
      if (!wait && !steps.has(key)) return ahead(key)?.wait(key, asked)
      if (!wait || !(wait.answer || wait.expired) || !isKept(key)) return undefined
      const { until, ...request } = wait.request
      return canonical(request) === canonical(asked) ? wait : undefined
    },
    timer: key => (timers.has(key) ? (isKept(key) ? timers.get(key) : undefined) : ahead(key)?.timer(key)),
    guidance(key) {
      if (guidance.has(key)) return isKept(key) ? guidance.get(key) : undefined
      return steps.has(key) ? undefined : ahead(key)?.guidance(key)
    },
    choice: (scope, index) => choices.get(scope)?.[index] ?? ahead(`${scope}/`)?.choice(scope, index),
  }
}

/** Tells of keys whether what has them began before the point of the fork. */
function keeping({ at, step }: Fork, events: readonly Event[], { steps }: RunView): (key: string) => boolean {
  const begun = new Map<string, number>()
  for (const event of events) if ('key' in event && !begun.has(event.key)) begun.set(event.key, event.seq)
  if (step === undefined) return key => (begun.get(key) ?? Number.POSITIVE_INFINITY) <= at
  // What had begun elsewhere is kept with all that came of it.
  return key => {
    const elsewhere = [...outwards(key)].findLast(
      outer => (steps.has(outer) || outer === key) && !isInside(step, outer),
    )
    return elsewhere !== undefined && (begun.get(elsewhere) ?? Number.POSITIVE_INFINITY) <= at
  }
}

/**
 * Tells of keys that a run, itself a fork, had not come to whether it would have taken over what is under them: not in an
 * invocation in which it had done something anew, and not behind the point of the fork.
 */
function beyond(
  { at, step }: Fork,
  { steps, seq }: RunView,
  isKept: (key: string) => boolean,
): (key: string) => boolean {
  const invocationOf = (key: string) =>
    [...outwards(key)].find(outer => steps.get(outer)?.agent !== undefined) ?? ''
  const anew = new Set<string>()
  for (const { key, effects, inherited } of steps.values())
    if (effects && !inherited) anew.add(invocationOf(key))
  return key => !anew.has(invocationOf(key)) && (step === undefined ? at >= seq : isKept(key))
}

function hasEnded({ state }: StepView): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'skipped'
}

function spentFor({ spent, inherited }: StepView): Total | undefined {
  const total = zero()
  addTotal(total, spent)
  if (inherited?.spent) addTotal(total, inherited.spent)
  return total.calls > 0 ? total : undefined
}

function sayOf(failure: Failure | undefined): string {
  return `${failure?.code}: ${failure?.message}`
}
