import { inWords } from '../duration.ts'
import { CrewError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { FactOf } from '../store/events.ts'
import type { StepView } from '../store/view.ts'
import type { StepRequest } from './context.ts'

/** How a step that is over ended, to be repeated; undefined for one that has to run. */
export function recordedEnd({ state, output, error, reason, final }: StepView): (() => Json) | undefined {
  if (state === 'succeeded') return () => output ?? null
  if (state === 'skipped') return () => null
  if (state === 'failed' && error) {
    return () => {
      throw CrewError.replay(error)
    }
  }
  if (state === 'cancelled' && final) {
    return () => {
      throw new CrewError('cancelled', reason ?? 'cancelled')
    }
  }
  return undefined
}

/** Whether an act that has no end may have happened: not when it was broken off before it began. */
export function isInDoubt({ state, untried }: StepView): boolean {
  return state === 'unknown' || (state === 'cancelled' && !untried)
}

export function diverged(
  recorded: StepView,
  { kind, agent }: StepRequest,
  input: Json | undefined,
): CrewError {
  const asked = (step: { kind: string; agent?: string | undefined; input?: Json | undefined }) =>
    `${step.agent ?? step.kind} ${JSON.stringify(step.input ?? null)}`
  const [before, now] = [asked(recorded), asked({ kind, agent, input })]
  // The fingerprint tells more than what is kept for people to read.
  const difference =
    before === now
      ? 'its input is the same; its instructions, model, tools or settings are not'
      : `before: ${before.slice(0, 300)}\n  now:    ${now.slice(0, 300)}`
  return new CrewError(
    'diverged',
    `step ${recorded.key} is asked something else than before\n  ${difference}`,
    {
      step: recorded.key,
      hint: `what it is asked depends on something that changed; keep all that came before with: crew fork RUN --at ${recorded.key}`,
    },
  )
}

/** Who did not answer in all that time is not asked again by itself, but whoever resumes the run has that done. */
export function unanswered(key: string, patience = 0): CrewError {
  return new CrewError('timeout', `nobody answered ${key} within ${inWords(patience)}`, {
    hint: 'ask again with: crew resume RUN, give more time with timeout.total, or name a fallback',
    attempts: 1,
  })
}

/** The event with which a step begins. */
export function startOf(
  key: string,
  { kind, agent, effects, reserved, tokens }: StepRequest,
  fingerprint: string,
  input: Json | undefined,
): FactOf<'step.started'> {
  return {
    type: 'step.started',
    key,
    kind,
    fingerprint,
    ...(agent !== undefined && { agent }),
    ...(input !== undefined && { input }),
    ...(effects && { effects }),
    ...(reserved && { reserved }),
    ...(tokens && { tokens }),
  }
}
