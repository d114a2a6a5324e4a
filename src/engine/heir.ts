import { CrewError, toCrewError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { Fact, Guidance, Inherited, WaitRequest } from '../store/events.ts'
import type { StepView, WaitView } from '../store/view.ts'
import type { StepRequest } from './context.ts'
import type { Inheritance } from './inheritance.ts'
import { recordedEnd } from './recorded.ts'

/** A step as it is asked for in a fork. */
export interface Asked {
  readonly key: string
  readonly request: StepRequest
  readonly fingerprint: string
}

/**
 * What one scope of a fork takes over, and whether it still may: from the first thing in it that is not as it was, acts
 * are done anew, since what they find may be another, and the order of ends is that of now.
 */
export interface Heir {
  /** The heir of a step of this scope. */
  inner(request: StepRequest, onAnew: () => void): Heir
  /** Gives what the step came to, journaled by `start` and here; undefined when it has to be done. */
  takeStep(asked: Asked, start: (inherited: Inherited) => void): (() => Json) | undefined
  /** The step that an act that is to be done may already have been, for a person to say. */
  inDoubt(asked: Asked): ReturnType<Inheritance['inDoubt']>
  /** Nobody needed it before; whether anybody does now is seen when all else has gone on. */
  wasDropped(key: string): boolean
  takeWait(key: string, request: Omit<WaitRequest, 'until'>): WaitView | undefined
  takeTimer(key: string): number | undefined
  takeGuidance(key: string): readonly Guidance[] | undefined
  choice(scope: string, index: number): string | undefined
  /** Passes on how a step that holds others ends. */
  watch<T>(key: string, ending: Promise<T>): Promise<T>
  /** A step had ended before this process had the run. */
  resumed(step: StepView): void
  /** Something is not as it was. */
  changed(): void
  /** What is done here is done in copies of something: all of it has to be done in these. */
  stopInheriting(): void
}

interface Place {
  readonly journal: { append(fact: Fact): void }
  readonly around?: Heir
  readonly inherits?: boolean
  readonly isAnew?: boolean
  readonly onAnew: () => void
}

export function createHeir(inheritance: Inheritance, place: Place): Heir {
  const { journal, around, onAnew } = place
  let { inherits = true, isAnew = false } = place
  const mayTake = () => inherits && !isAnew

  const heir: Heir = {
    inner: (request, onAnew) =>
      createHeir(inheritance, {
        journal,
        around: heir,
        inherits,
        // What it is asked says whether it is another, unless it is asked nothing.
        isAnew: isAnew && request.input === undefined,
        onAnew,
      }),
    takeStep({ key, request, fingerprint }, start) {
      const given = inheritance.given(key, fingerprint)
      if (given) {
        if (!inheritance.isSame(key, given)) heir.changed()
        start({ set: true })
        journal.append({ type: 'step.succeeded', key, output: given.output })
        return () => given.output
      }
      if (!request.effects) return undefined
      const found = mayTake() ? inheritance.act(key, fingerprint) : undefined
      const end = found && recordedEnd(found.step)
      if (!found || !end) return undefined
      start(found.spent ? { spent: found.spent } : {})
      const { output = null, error, reason = '' } = found.step
      if (found.step.state === 'skipped') journal.append({ type: 'step.skipped', key, reason })
      else if (error) journal.append({ type: 'step.failed', key, error })
      else journal.append({ type: 'step.succeeded', key, output })
      return end
    },
    inDoubt: ({ key, fingerprint }) => (mayTake() ? inheritance.inDoubt(key, fingerprint) : undefined),
    wasDropped: key => mayTake() && inheritance.wasDropped(key),
    takeWait(key, asked) {
      const wait = mayTake() ? inheritance.wait(key, asked) : undefined
      if (!wait) {
        heir.changed()
        return undefined
      }
      const { request, answer } = wait
      journal.append({ type: 'wait.opened', key, request })
      if (answer) {
        const { value, by, at: answeredAt } = answer
        journal.append({ type: 'wait.answered', key, value, by, answeredAt })
      } else journal.append({ type: 'wait.expired', key })
      return wait
    },
    takeTimer(key) {
      const until = mayTake() ? inheritance.timer(key) : undefined
      if (until === undefined) heir.changed()
      return until
    },
    takeGuidance(key) {
      const words = mayTake() ? inheritance.guidance(key) : undefined
      if (words) journal.append({ type: 'guidance.heard', key, words })
      return words
    },
    choice: (scope, index) => (mayTake() ? inheritance.choice(scope, index) : undefined),
    async watch(key, ending) {
      try {
        const output = await ending
        if (!inheritance.isSame(key, { output: output as Json })) heir.changed()
        return output
      } catch (thrown) {
        if (!inheritance.isSame(key, { error: toCrewError(thrown) })) heir.changed()
        throw thrown
      }
    },
    resumed({ key, effects, output = null, error }) {
      const end = error ? { error: CrewError.from(error) } : { output }
      if (effects || !inheritance.isSame(key, end)) heir.changed()
    },
    changed() {
      if (isAnew) return
      isAnew = true
      onAnew()
      around?.changed()
    },
    stopInheriting() {
      inherits = false
    },
  }
  return heir
}
