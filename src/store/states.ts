import { CrewError } from '../errors.ts'

export type RunState = 'queued' | 'running' | 'waiting' | 'interrupted' | 'succeeded' | 'failed' | 'cancelled'
export type StepState = 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'cancelled' | 'unknown'

/** What may follow what. A failed run runs again when somebody resumes it; a succeeded one never does. */
const RUN: Record<RunState, readonly RunState[]> = {
  queued: ['running'],
  running: ['running', 'waiting', 'interrupted', 'succeeded', 'failed', 'cancelled'],
  waiting: ['running', 'cancelled'],
  interrupted: ['running', 'cancelled'],
  failed: ['running'],
  succeeded: [],
  cancelled: [],
}

/** What was broken off may run again, unless that was final; or a person says how it ended. */
const STEP: Record<StepState, readonly StepState[]> = {
  pending: ['running', 'skipped'],
  running: ['running', 'succeeded', 'failed', 'skipped', 'cancelled', 'unknown'],
  unknown: ['running', 'skipped', 'succeeded', 'unknown'],
  cancelled: ['running', 'skipped', 'succeeded'],
  failed: ['pending'],
  succeeded: [],
  skipped: [],
}

export function nextRunState(from: RunState, to: RunState): RunState {
  return legal(RUN, from, to, 'run')
}

export function nextStepState(from: StepState, to: StepState, key: string): StepState {
  return legal(STEP, from, to, `step ${key}`)
}

function legal<State extends string>(
  table: Record<State, readonly State[]>,
  from: State,
  to: State,
  what: string,
): State {
  if (table[from].includes(to)) return to
  throw new CrewError('defect', `illegal transition of ${what}: ${from} → ${to}`)
}
