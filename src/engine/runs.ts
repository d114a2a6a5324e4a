import ms from 'ms'
import { type Clock, sleep } from '../clock.ts'
import { inWords } from '../duration.ts'
import { CrewError, type Failure, toCrewError } from '../errors.ts'
import { asJson, type Json, type JsonObject } from '../json.ts'
import type { Fact, Owner } from '../store/events.ts'
import { HEARTBEAT } from '../store/lease.ts'
import type { Lease, NewRun, Store } from '../store/store.ts'
import { apply, type RunView, viewOf } from '../store/view.ts'
import { execute, type Outcome, type Program } from './execute.ts'
import { Journal, type Subscriber } from './journal.ts'

export interface RunOptions {
  readonly store: Store
  readonly clock: Clock
  readonly owner: Owner
  readonly redact: <T extends Json>(value: T) => T
  /** Ends the run early: everything in flight is broken off, and the run can be resumed. */
  readonly interrupt: AbortSignal
  readonly onEvent: Subscriber
}

export interface RunStart extends NewRun {
  readonly definition: JsonObject
  readonly input: JsonObject
  /** In place of those of the definition. */
  readonly limits?: Readonly<Record<string, number>>
  readonly crew: string
}

export interface Resumption {
  /** Limits of the run that are to be others from now on. */
  readonly limits: Readonly<Record<string, number>>
}

/** How a run may be performed, once it is known what is recorded of it. */
export type Prepare = (recorded: RunView) => Promise<{
  readonly program: Program
  /** Milliseconds that the run may still take. */
  readonly time: number
}>

/** Creates a run and runs it until it ends or waits. Rejects only when it could not be created or prepared. */
export async function startRun(run: RunStart, prepare: Prepare, options: RunOptions): Promise<Outcome> {
  const { id, team, path, rehearsal, definition, input, limits = {}, crew } = run
  const at = options.clock.now()
  const fact = {
    type: 'run.started',
    team,
    definition: options.redact(definition),
    input: options.redact(input),
    rehearsal,
    ...(Object.keys(limits).length > 0 && { limits }),
    crew,
    at,
  } as const
  const lease = await options.store.create({ id, team, path, rehearsal }, options.owner, fact)
  const event = { ...fact, seq: lease.seq }
  options.onEvent(event)
  return conduct(lease, viewOf([event]), prepare, options)
}

/**
 * Takes a run over and goes on where it stopped. A run that has succeeded is left as it is, and its output given.
 * Rejects with `run-owned` while another process runs it.
 */
export async function resumeRun(
  id: string,
  resumption: Resumption,
  prepare: Prepare,
  options: RunOptions,
): Promise<Outcome> {
  const lease = await options.store.acquire(id, options.owner)
  const recorded = viewOf(await options.store.events(id))
  if (recorded.state === 'succeeded') {
    await options.store.release(lease)
    return { state: 'succeeded', output: recorded.output ?? null }
  }
  const facts: Fact[] = [
    {
      type: 'run.resumed',
      owner: options.owner,
      epoch: lease.epoch,
      reopened: reopenedBy(recorded),
      ...resumption,
    },
    ...inDoubt(recorded),
  ]
  const at = options.clock.now()
  for (const event of await options.store.commit(
    lease,
    facts.map(fact => ({ ...fact, at })),
  )) {
    apply(recorded, event)
    options.onEvent(event)
  }
  return conduct(lease, recorded, prepare, options)
}

async function conduct(
  lease: Lease,
  recorded: RunView,
  prepare: Prepare,
  options: RunOptions,
): Promise<Outcome> {
  const { store, clock, redact, interrupt, onEvent } = options
  const stop = new AbortController()
  const over = new AbortController()
  const journal = new Journal({ store, lease, clock, onEvent, onFailure: error => stop.abort(error) })
  const onInterrupt = () => stop.abort(interrupt.reason)
  interrupt.addEventListener('abort', onInterrupt)
  const heart = beat(lease, options, over.signal).catch(
    error => over.signal.aborted || stop.abort(toCrewError(error)),
  )
  try {
    if (interrupt.aborted) onInterrupt()
    const { program, time } = await prepare(recorded)
    const limit = recorded.active + time
    const cancelTimeLimit = clock.after(time, () => stop.abort(tooLong(limit)))
    const signals = (after: number) => store.signals(lease.run, after)
    const outcome = await execute(program, { journal, clock, recorded, signals, redact }, stop.signal)
    cancelTimeLimit()
    return await end(outcome, journal, redact)
  } catch (thrown) {
    return end({ state: 'failed', error: toCrewError(thrown) }, journal, redact)
  } finally {
    over.abort()
    interrupt.removeEventListener('abort', onInterrupt)
    await heart
    await store.release(lease).catch(() => {})
  }
}

/** Journals how the run ended. An end that cannot be written is no end: the run stays open, to be resumed. */
async function end(outcome: Outcome, journal: Journal, redact: RunOptions['redact']): Promise<Outcome> {
  try {
    journal.append(endOf(outcome, redact))
    await journal.durable()
    return outcome
  } catch (error) {
    return { state: 'failed', error: toCrewError(error) }
  }
}

function endOf(outcome: Outcome, redact: RunOptions['redact']): Fact {
  switch (outcome.state) {
    case 'succeeded':
      return { type: 'run.succeeded', output: outcome.output }
    case 'waiting':
      return { type: 'run.waiting', on: outcome.on }
    case 'interrupted':
      return { type: 'run.interrupted', reason: outcome.error.message }
    case 'failed':
      return {
        type: 'run.failed',
        error: redact(asJson(outcome.error.toFailure())) as unknown as Failure,
      }
  }
}

async function beat(lease: Lease, { store, clock }: RunOptions, over: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(clock, HEARTBEAT, over)
    await store.beat(lease)
  }
}

/** Acts that were under way when the process died: what they had reserved is charged until somebody knows better. */
function inDoubt(recorded: RunView): Fact[] {
  return [...recorded.steps.values()]
    .filter(step => step.state === 'running' && step.effects)
    .map(({ key, reserved }) => ({
      type: 'step.unknown',
      key,
      ...(reserved && { spent: { ...reserved, estimated: true } }),
    }))
}

/**
 * The failed scopes on the way to what brought the run down. Steps that acted on the world stay failed for good: whoever
 * asked for them sees `reopened` and may try again under a new key.
 */
function reopenedBy({ error, steps }: RunView): string[] {
  const guilty = [...(error?.step ? [error.step] : []), ...(error?.because ?? [])]
  const reopened = new Set<string>()
  for (const key of guilty) {
    const names = key.split('/')
    for (let length = 1; length <= names.length; length += 1) {
      const step = steps.get(names.slice(0, length).join('/'))
      if (step?.state === 'failed' && !step.effects) reopened.add(step.key)
    }
  }
  return [...reopened]
}

/** `limit` is for all its executions together: only more than that lets it go on. */
function tooLong(limit: number): CrewError {
  return new CrewError('limit-time', `the run took as long as it may: ${inWords(limit)}`, {
    hint: `give it more time: crew resume RUN --limit time=${ms(2 * limit)}`,
  })
}
