import ms from 'ms'
import { type Clock, sleep } from '../clock.ts'
import { inWords } from '../duration.ts'
import { CrewError, type Failure, toCrewError } from '../errors.ts'
import { asJson, type Json, type JsonObject } from '../json.ts'
import type { Fact, Fork, Owner } from '../store/events.ts'
import { HEARTBEAT } from '../store/lease.ts'
import type { Lease, NewRun, Signal, Store } from '../store/store.ts'
import { apply, emptyView, type RunView, viewOf } from '../store/view.ts'
import { attend } from './attend.ts'
import { execute, type Outcome, type Program } from './execute.ts'
import { cancelledBy } from './execution.ts'
import type { Inheritance } from './inheritance.ts'
import { Journal, type Subscriber } from './journal.ts'

export interface RunOptions {
  readonly store: Store
  readonly clock: Clock
  readonly owner: Owner
  readonly redact: <T extends Json>(value: T) => T
  /** Ends the run early: everything in flight is broken off, and the run can be resumed. */
  readonly interrupt: AbortSignal
  /** Milliseconds to stay while the run only waits for people; by default it ends as waiting at once. */
  readonly patience?: number
  /** Of a fork. */
  readonly inheritance?: Inheritance | undefined
  readonly onEvent: Subscriber
}

export interface RunStart extends NewRun {
  readonly definition: JsonObject
  readonly input: JsonObject
  readonly untrusted?: true
  /** In place of those of the definition. */
  readonly limits?: Readonly<Record<string, number>>
  readonly crew: string
  readonly forked?: Fork
}

export interface Resumption {
  /** What somebody has already read of the run, to be taken over: only what has been written since is read. */
  readonly recorded?: RunView
  /** Limits of the run that are to be others from now on. */
  readonly limits: Readonly<Record<string, number>>
}

/** Ends a run for good that nobody runs now. Rejects with `run-owned` while somebody does, with `usage` when it is over. */
export async function cancelRun(
  id: string,
  reason: string,
  { store, clock, owner }: Pick<RunOptions, 'store' | 'clock' | 'owner'>,
): Promise<void> {
  const lease = await store.acquire(id, owner)
  try {
    const { state } = viewOf(await store.events(id))
    if (state === 'succeeded' || state === 'failed' || state === 'cancelled') {
      throw new CrewError(
        'usage',
        `run ${id} is over: it ${state === 'cancelled' ? 'was' : 'has'} ${state}`,
        {
          hint: `see what it did with: crew show ${id}`,
        },
      )
    }
    await store.commit(lease, [{ type: 'run.cancelled', reason, at: clock.now() }])
  } finally {
    await store.release(lease).catch(() => {})
  }
}

/** How a run may be performed, once it is known what is recorded of it. */
export type Prepare = (recorded: RunView) => Promise<{
  readonly program: Program
  /** Milliseconds that the run may still take. */
  readonly time: number
}>

/** Creates a run and runs it until it ends or waits. Rejects only when it could not be created or prepared. */
export async function startRun(run: RunStart, prepare: Prepare, options: RunOptions): Promise<Outcome> {
  const { id, team, path, rehearsal, untrusted, definition, input, limits = {}, crew, forked } = run
  const at = options.clock.now()
  const fact = {
    type: 'run.started',
    team,
    definition: options.redact(definition),
    input: options.redact(input),
    rehearsal,
    ...(untrusted && { untrusted }),
    ...(Object.keys(limits).length > 0 && { limits }),
    crew,
    ...(forked && { forked: options.redact(asJson(forked)) as unknown as Fork }),
    at,
  } as const
  const lease = await options.store.create({ id, team, path, rehearsal }, options.owner, fact)
  const event = { ...fact, seq: lease.seq }
  options.onEvent(event)
  return conduct(lease, viewOf([event]), 0, prepare, options)
}

/**
 * Takes a run over and goes on where it stopped. A run that has succeeded is left as it is, and its output given.
 * Rejects with `run-owned` while another process runs it.
 */
export async function resumeRun(
  id: string,
  { limits, recorded = emptyView() }: Resumption,
  prepare: Prepare,
  options: RunOptions,
): Promise<Outcome> {
  const heard = (await options.store.signals(id, 0)).at(-1)?.id ?? 0
  const lease = await options.store.acquire(id, options.owner)
  await catchUp(id, recorded, options)
  if (recorded.state === 'succeeded' || recorded.state === 'cancelled') {
    await options.store.release(lease)
    if (recorded.state === 'succeeded') return { state: 'succeeded', output: recorded.output ?? null }
    throw new CrewError('usage', `run ${id} was cancelled, and does not go on`, {
      hint: `see what it did with: crew show ${id}; start anew with: crew run`,
    })
  }
  await enter(lease, recorded, limits, options)
  return conduct(lease, recorded, heard, prepare, options)
}

/** Adds to what is known of a run what has been written since. */
async function catchUp(id: string, known: RunView, { store }: RunOptions): Promise<void> {
  for (const event of await store.events(id, known.seq)) apply(known, event)
}

/** Journals that a run goes on, and what nobody knows of it. */
async function enter(lease: Lease, recorded: RunView, limits: Resumption['limits'], options: RunOptions) {
  const { owner, store, clock, onEvent } = options
  const reopened = reopenedBy(recorded)
  const facts: Fact[] = [
    { type: 'run.resumed', owner, epoch: lease.epoch, reopened, limits },
    ...inDoubt(recorded),
  ]
  const at = Math.max(clock.now(), recorded.updatedAt)
  for (const event of await store.commit(
    lease,
    facts.map(fact => ({ ...fact, at })),
  )) {
    apply(recorded, event)
    onEvent(event)
  }
}

/**
 * Keeps the lease until the run ends, also while it only waits for people, as far as there is patience for that.
 * @param heard the last word from outside that was not left for this process
 */
async function conduct(
  lease: Lease,
  recorded: RunView,
  heard: number,
  prepare: Prepare,
  options: RunOptions,
): Promise<Outcome> {
  const { store, patience = 0 } = options
  const { run } = lease
  const stop = new AbortController()
  const over = new AbortController()
  const heart = everyBeat(options.clock, over.signal, () => store.beat(lease)).catch(
    error => over.signal.aborted || stop.abort(toCrewError(error)),
  )
  try {
    for (;;) {
      const outcome = await carryOn(lease, recorded, heard, prepare, options, stop)
      if (outcome.state !== 'waiting' || patience === 0) return outcome
      await catchUp(run, recorded, options)
      const word = await attend({
        ...options,
        interrupt: AbortSignal.any([options.interrupt, stop.signal]),
        run,
        recorded,
        on: outcome.on,
        heard,
        patience,
      })
      if (word.kind === 'nothing') return outcome
      if (word.kind === 'cancel') return await endBy(word.signal, lease, options)
      await enter(lease, recorded, {}, options)
    }
  } finally {
    over.abort()
    await heart
    await store.release(lease).catch(() => {})
  }
}

/** The end of a run that somebody cancelled while nothing of it was under way. */
async function endBy(signal: Signal, lease: Lease, options: RunOptions): Promise<Outcome> {
  const { store, clock, redact, onEvent } = options
  const error = cancelledBy(signal, redact)
  const fact = { type: 'run.cancelled', reason: error.message, at: clock.now() } as const
  for (const event of await store.commit(lease, [fact])) onEvent(event)
  return { state: 'cancelled', error }
}

async function carryOn(
  lease: Lease,
  recorded: RunView,
  heard: number,
  prepare: Prepare,
  options: RunOptions,
  stop: AbortController,
): Promise<Outcome> {
  const { store, clock, redact, interrupt, onEvent, inheritance } = options
  const journal = new Journal({
    store,
    lease,
    clock,
    since: recorded.updatedAt,
    onEvent,
    onFailure: error => stop.abort(error),
  })
  const onInterrupt = () => stop.abort(interrupt.reason)
  const over = new AbortController()
  everyBeat(clock, over.signal, () => journal.watch.look()).catch(() => {})
  interrupt.addEventListener('abort', onInterrupt)
  try {
    if (interrupt.aborted) onInterrupt()
    const { program, time } = await prepare(recorded)
    const limit = recorded.active + time
    const cancelTimeLimit = journal.watch.afterWork(time, () => stop.abort(tooLong(limit)))
    const signals = (after: number) => store.signals(lease.run, after)
    const work = { journal, clock, recorded, signals, heard, redact, inheritance }
    const outcome = await execute(program, work, stop.signal)
    cancelTimeLimit()
    return await end(outcome, journal, redact)
  } catch (thrown) {
    return end({ state: 'failed', error: toCrewError(thrown) }, journal, redact)
  } finally {
    over.abort()
    interrupt.removeEventListener('abort', onInterrupt)
  }
}

/** Journals how the run ended. An end that cannot be written is no end: the run stays open, to be resumed. */
async function end(outcome: Outcome, journal: Journal, redact: RunOptions['redact']): Promise<Outcome> {
  try {
    journal.end(endOf(outcome, redact))
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
      return {
        type: 'run.waiting',
        on: outcome.on,
        ...(outcome.until !== undefined && { until: outcome.until }),
      }
    case 'interrupted':
      return { type: 'run.interrupted', reason: outcome.error.message }
    case 'cancelled':
      return { type: 'run.cancelled', reason: outcome.error.message }
    case 'failed':
      return {
        type: 'run.failed',
        error: redact(asJson(outcome.error.toFailure())) as unknown as Failure,
      }
  }
}

/** Rejects when `work` fails, or with the reason of `over`. */
async function everyBeat(clock: Clock, over: AbortSignal, work: () => unknown): Promise<void> {
  for (;;) {
    await sleep(clock, HEARTBEAT, over)
    await work()
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
