import { canonical } from '../json.ts'
import type { Fact } from '../store/events.ts'
import type { RunView } from '../store/view.ts'

/** Tells notes that are in the journal from new ones: a program that runs again leaves the same once more. */
export function createNotes(recorded: RunView) {
  const counts = new Map<string, number>()
  const count = (note: object, by: number) => {
    const text = canonical(note)
    const left = (counts.get(text) ?? 0) + by
    counts.set(text, left)
    return left
  }
  const notes = [...recorded.notes, ...[...recorded.steps.values()].flatMap(step => step.notes)]
  for (const { type, key, what, reason, values } of notes.filter(note => note.type === 'decision')) {
    count({ type, key, what, reason, values }, 1)
  }
  for (const step of recorded.steps.values()) {
    if (step.state === 'skipped') count({ type: 'step.skipped', key: step.key, reason: step.reason }, 1)
  }

  return {
    isKnown(fact: Fact): boolean {
      if (fact.type !== 'decision' && fact.type !== 'step.skipped') return false
      return (counts.get(canonical(fact)) ?? 0) > 0 && count(fact, -1) >= 0
    },
  }
}
