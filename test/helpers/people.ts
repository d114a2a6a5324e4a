import { resume } from '../../src/app.ts'
import { type Clock, systemClock } from '../../src/clock.ts'
import type { Outcome } from '../../src/engine/execute.ts'
import type { Json } from '../../src/json.ts'
import type { Event, FactOf } from '../../src/store/events.ts'
import { openQuestions, type Question } from '../../src/store/questions.ts'
import type { Store } from '../../src/store/store.ts'
import { viewOf } from '../../src/store/view.ts'

/** A run whose people are played: what it is asked with, besides its store. */
export interface Asking {
  readonly id: string
  readonly store: Store
  readonly env?: Readonly<Record<string, string>>
  readonly clock?: Clock
}

export async function questionsOf({ id, store }: Pick<Asking, 'id' | 'store'>): Promise<Question[]> {
  return openQuestions(viewOf(await store.events(id)))
}

export async function goOn({ id, store, env = {}, clock = systemClock }: Asking): Promise<Outcome> {
  const surroundings = { store, env, interrupt: new AbortController().signal, onEvent: () => {}, clock }
  return resume(id, await store.events(id), {}, surroundings)
}

/** Leaves an answer, whether it makes sense or not, and goes on with the run. */
export async function answer(asking: Asking, key: string, value: Json): Promise<Outcome> {
  const { clock = systemClock } = asking
  await asking.store.signal(asking.id, { kind: 'answer', key, value, by: 'ann', at: clock.now() })
  return goOn(asking)
}

/** Answers whatever is asked, by the words in the question, until the run waits for nobody any more. */
export async function answerAll(asking: Asking, answers: Readonly<Record<string, Json>>): Promise<Outcome> {
  for (;;) {
    const outcome = await goOn(asking)
    if (outcome.state !== 'waiting') return outcome
    for (const { key, question } of await questionsOf(asking)) {
      const words = Object.keys(answers).find(words => question.includes(words))
      if (words === undefined) throw new Error(`nobody knows what to answer to ${key}: ${question}`)
      const value = answers[words] ?? null
      await asking.store.signal(asking.id, { kind: 'answer', key, value, by: 'ann', at: systemClock.now() })
    }
  }
}

/** The questions that a run has asked, in order. */
export function asked(events: readonly Event[]): FactOf<'wait.opened'>[] {
  return events.flatMap(event => (event.type === 'wait.opened' ? [event] : []))
}
