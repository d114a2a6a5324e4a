import type { Clock } from '../clock.ts'
import { CrewError } from '../errors.ts'
import { canonical, type Json } from '../json.ts'
import { outwards, parentOf } from '../step-key.ts'
import type { Event, Fact } from '../store/events.ts'
import { type RunView, type StepView, viewOf } from '../store/view.ts'
import { execute, type Outcome, type Program } from './execute.ts'
import type { ExecutionOptions, Witness } from './execution.ts'

/** What a step is asked, or something else of which a run says that it is done. */
export interface Said {
  readonly kind: string
  readonly agent?: string | undefined
  readonly value?: Json | undefined
}

/** The first thing in which a repetition is not what is recorded. */
export interface Difference {
  /** Of the step; empty for the run as a whole. */
  readonly key: string
  readonly what:
    | 'is asked something else'
    | 'is not recorded'
    | 'comes to something else'
    | 'is not asked for'
  readonly before?: Said
  readonly now?: Said
}

export interface Verdict {
  /** Recorded steps that were asked for again, and were the same. */
  readonly steps: number
  /** Recorded steps that belong to the result of one of those, and were not asked for by themselves. */
  readonly inside: number
  readonly difference?: Difference
  /** Where the recording of a run that is not over ends: the step that would be next. */
  readonly next?: string
}

/** Kinds of steps that only hold others together: they are entered again, and have to come to the same. */
const ENTERED: ReadonlySet<string> = new Set(['agent', 'team', 'attempt', 'group', 'repair'])

/**
 * Has `program` run once more over the journal of a run, on the results that are recorded there. Nothing can happen: what
 * is not recorded is never begun, nothing is written, and no time passes.
 */
export async function verifyRun(
  events: readonly Event[],
  prepare: (recorded: RunView) => Promise<Program>,
  { clock, redact }: Pick<ExecutionOptions, 'clock' | 'redact'>,
): Promise<Verdict> {
  const recorded = viewOf(events)
  const stop = new AbortController()
  const watch = watchOver(recorded, events, error => stop.abort(error))
  const program = await prepare(recorded)
  const options: ExecutionOptions = {
    journal: watch.journal,
    witness: watch.witness,
    recorded,
    clock: afterAll(recorded, clock),
    signals: async () => [],
    heard: 0,
    redact,
  }
  return watch.verdict(await execute(program, options, stop.signal))
}

/** Compares what is asked for with what is recorded, and ends the repetition with the first thing that is not. */
function watchOver(recorded: RunView, events: readonly Event[], end: (error: CrewError) => void) {
  const isOver = recorded.state === 'succeeded'
  const asked = new Set<string>()
  const entered = new Set([''])
  let difference: Difference | undefined
  let next: string | undefined

  /** What the recording does not know: a difference in a run that is over, and just what comes next in any other. */
  function beyond(key: string, now: Said): CrewError {
    if (isOver) return differs({ key, what: 'is not recorded', now })
    next ??= key
    return new CrewError('interrupted', `the recording ends before ${key}`)
  }

  function differs(found: Difference): CrewError {
    difference ??= found
    return new CrewError('diverged', `${found.key} ${found.what}`)
  }

  const witness: Witness = {
    asked({ key, kind, agent, input, fingerprint, effects }, step) {
      const now = { kind, agent, value: input }
      if (!step) return beyond(key, now)
      // What a person skipped, or nobody began, was never asked anything.
      if (step.starts === 0) return undefined
      if (step.fingerprint !== fingerprint)
        return differs({ key, what: 'is asked something else', before: askedOf(step), now })
      const hasEnded = step.state === 'succeeded' || step.state === 'failed' || step.state === 'skipped'
      if (effects && !hasEnded && !(step.state === 'cancelled' && step.final)) return beyond(key, now)
      asked.add(key)
      return undefined
    },
    enters({ key, kind, state, effects }) {
      const isOver = state === 'succeeded' || state === 'failed'
      const enters = isOver && !effects && ENTERED.has(kind)
      if (enters) entered.add(key)
      return enters
    },
  }

  const journal = {
    append(fact: Fact): void {
      const error = surpriseIn(fact)
      if (!error) return
      end(error)
      throw error
    },
    durable: async () => {},
  }

  function surpriseIn(fact: Fact): CrewError | undefined {
    switch (fact.type) {
      case 'step.succeeded':
      case 'step.failed': {
        const step = recorded.steps.get(fact.key)
        // It was open, or broken off from outside: the recording does not know what it would have come to.
        if (step?.state !== 'succeeded' && step?.state !== 'failed') return undefined
        const now = fact.type === 'step.failed' ? failed(fact.error) : came(fact.output)
        const before = step.error ? failed(step.error) : came(step.output ?? null)
        return isSame(before, now)
          ? undefined
          : differs({ key: fact.key, what: 'comes to something else', before, now })
      }
      case 'wait.opened':
        return beyond(fact.key, { kind: 'question', value: fact.request.question })
      case 'timer.set':
        return beyond(fact.key, { kind: 'timer' })
      case 'step.chosen':
        return beyond(fact.scope, { kind: 'choice', value: fact.key })
      default:
        return undefined
    }
  }

  /** The first recorded step that nobody asked for, in what was entered; a run that was mended asks for other ones. */
  function missed(): StepView | undefined {
    if (events.some(({ type }) => type === 'run.resumed')) return undefined
    return [...recorded.steps.values()].find(({ key, starts }) => {
      return starts > 0 && !asked.has(key) && entered.has(parentOf(key))
    })
  }

  function verdict(outcome: Outcome): Verdict {
    const steps = asked.size
    const isInside = ({ key, starts }: StepView) =>
      starts > 0 &&
      !asked.has(key) &&
      [...outwards(key)].some(outer => asked.has(outer) && !entered.has(outer))
    const inside = [...recorded.steps.values()].filter(isInside).length
    if (outcome.state === 'waiting') next ??= outcome.on[0]
    const missing = isOver && !difference ? missed() : undefined
    const found =
      difference ??
      endOf(recorded, outcome) ??
      (missing && { key: missing.key, what: 'is not asked for', before: askedOf(missing) })
    return {
      steps,
      inside,
      ...(found && { difference: found }),
      ...(!found && next !== undefined && { next }),
    }
  }

  return { witness, journal, verdict }
}

/** How the end of a repetition differs from that of the run. A run that stopped before its end may well go on. */
function endOf(recorded: RunView, outcome: Outcome): Difference | undefined {
  const now: Said =
    outcome.state === 'succeeded'
      ? came(outcome.output)
      : 'error' in outcome
        ? failed(outcome.error.toFailure())
        : { kind: 'waits for', value: [...outcome.on] }
  if (recorded.state === 'succeeded') {
    const before = came(recorded.output ?? null)
    return isSame(before, now) ? undefined : { key: '', what: 'comes to something else', before, now }
  }
  const isOwn = 'error' in outcome && outcome.state === 'failed'
  if (!isOwn || recorded.error?.code === outcome.error.code) return undefined
  const before = recorded.error ? failed(recorded.error) : { kind: recorded.state }
  return { key: '', what: 'comes to something else', before, now }
}

function askedOf({ kind, agent, input }: StepView): Said {
  return { kind, agent, value: input }
}

function came(value: Json): Said {
  return { kind: 'result', value }
}

function failed({ code, message }: { readonly code: string; readonly message: string }): Said {
  return { kind: `failure (${code})`, value: message }
}

function isSame(one: Said, other: Said): boolean {
  return canonical({ ...one }) === canonical({ ...other })
}

/** A time when all that the run waited for is over. */
function afterAll({ timers }: RunView, clock: Clock): Clock {
  const last = Math.max(0, ...timers.values())
  return { ...clock, now: () => Math.max(clock.now(), last) }
}
