import { type Clock, sleep } from '../clock.ts'
import { cancelRun } from '../engine/runs.ts'
import { CrewError } from '../errors.ts'
import { thisPerson } from '../person.ts'
import { thisProcess } from '../store/lease.ts'
import { leaveAnswer, type Question, readAnswer } from '../store/questions.ts'
import type { RunRow, Signal, Store } from '../store/store.ts'
import { type RunView, viewOf } from '../store/view.ts'
import { agentsIn } from '../team/agents.ts'
import { didYouMean, namesOf } from '../team/suggest.ts'

interface Means {
  readonly store: Store
  readonly clock: Clock
}

/** How often the run is looked at, and how long until it has heard, in milliseconds. */
const POLL = 100
const PATIENCE = 10_000

/** In what state a run is now; `running` while it still finishes what is under way. */
export type Steered = RunRow['state']

/**
 * Has the process of a run begin nothing more, finish what is under way, and stop; the run can be resumed. Rejects with
 * `usage` when nobody runs it.
 */
export async function pause(run: RunRow, reason: string, means: Means): Promise<Steered> {
  await askToPause(run, reason, means)
  return untilStopped(run, means)
}

/** The same, without staying until it has stopped. */
export async function askToPause(run: RunRow, reason: string, means: Means): Promise<void> {
  if (!run.owner) {
    const isOver = run.state === 'succeeded' || run.state === 'cancelled'
    throw new CrewError('usage', `run ${run.id} is ${run.state}: there is nothing to pause`, {
      hint: isOver ? `see it with: crew show ${run.id}` : `go on with: crew resume ${run.id}`,
    })
  }
  await leave(run, { kind: 'pause', key: '', value: reason }, means)
}

/** Ends a run for good, whether somebody runs it now or not. Rejects with `usage` when it is over. */
export async function cancel(run: RunRow, reason: string, means: Means): Promise<Steered> {
  if (run.owner) {
    await askToCancel(run, reason, means)
    const state = await untilStopped(run, means)
    // Who stopped for another reason has not read it, and nobody else will.
    if (state !== 'interrupted' && state !== 'waiting') return state
  }
  await endNow(run, reason, means)
  return 'cancelled'
}

/** The same, without staying until it has ended. */
export async function askToCancel(run: RunRow, reason: string, means: Means): Promise<void> {
  if (run.owner) await leave(run, { kind: 'cancel', key: '', value: reason }, means)
  else await endNow(run, reason, means)
}

async function endNow(run: RunRow, reason: string, means: Means): Promise<void> {
  const why = `cancelled by ${thisPerson()}${reason === '' ? '' : `: ${reason}`}`
  await cancelRun(run.id, why, { ...means, owner: thisProcess() })
}

/**
 * Leaves the answer to a question of a run, given in the words that `crew answer` takes. Rejects with `usage` when they are
 * none, or when somebody was faster. `via` says by which way it came.
 */
export async function answer(
  run: Pick<RunRow, 'id'>,
  question: Question,
  words: string,
  { store, clock, via }: Means & { readonly via: string },
): Promise<void> {
  const value = await readAnswer(question, words)
  await leaveAnswer(store, run.id, question, { value, by: thisPerson(), via, at: clock.now() })
}

/**
 * Leaves guidance for an agent, named like in the team file, or by the key of a step for one invocation of it. Each of its
 * invocations reads it before its next turn. Rejects with `usage` when there is no such agent, or none that reads, and
 * when there are no words.
 */
export async function tell(run: RunRow, agent: string, words: string, means: Means): Promise<void> {
  if (words.trim() === '') {
    throw new CrewError('usage', `there are no words for ${agent}`, {
      hint: `write them behind its name: crew tell ${run.id} ${agent} "…"`,
    })
  }
  const view = viewOf(await means.store.events(run.id))
  // One that failed may be resumed, and what led there is what there is to be told about.
  if (view.state === 'succeeded' || view.state === 'cancelled') {
    throw new CrewError('usage', `run ${run.id} is over: it is ${view.state}`, {
      hint: `see it with: crew show ${run.id}`,
    })
  }
  const names = listenersIn(view)
  if (!names.has(agent) && !isAtWork(view, agent, names)) {
    const known = [...names]
    const message = `run ${run.id} has no agent "${agent}" that could be told something`
    throw new CrewError('usage', message, {
      hint: didYouMean(agent, known) ?? `agents that are models read what they are told: ${namesOf(known)}`,
    })
  }
  await leave(run, { kind: 'tell', key: agent, value: words }, means)
}

async function leave(run: RunRow, signal: Pick<Signal, 'kind' | 'key' | 'value'>, { store, clock }: Means) {
  await store.signal(run.id, { ...signal, by: thisPerson(), at: clock.now(), via: `crew ${signal.kind}` })
}

async function untilStopped({ id }: RunRow, { store, clock }: Means): Promise<Steered> {
  for (let waited = 0; waited < PATIENCE; waited += POLL) {
    const now = await store.run(id)
    if (now && !now.owner) return now.state
    await sleep(clock, POLL)
  }
  return 'running'
}

/** Names of the agents that are models, in the team and all teams inside of it. */
function listenersIn({ definition }: RunView): Set<string> {
  return new Set([...agentsIn(definition)].flatMap(({ name, kind }) => (kind === 'llm' ? [name] : [])))
}

/** Whether `key` is a step in which one of these agents works. */
function isAtWork({ steps }: RunView, key: string, names: ReadonlySet<string>): boolean {
  return names.has(steps.get(key)?.agent ?? '')
}
