import { parentOf } from '../step-key.ts'
import type { Guidance } from '../store/events.ts'
import type { RunView } from '../store/view.ts'

/** What people told agents, and which invocation has heard what of it. */
export function createGuidance({ guidance }: RunView) {
  /** In the order in which they did. */
  const told: (Guidance & { readonly to: string })[] = []
  /** The numbers of the words that each invocation has heard. They are kept by the turn before which it heard them. */
  const heard = new Map<string, Set<number>>()
  const heardBy = (invocation: string) => {
    const ids = heard.get(invocation) ?? new Set()
    heard.set(invocation, ids)
    return ids
  }
  for (const [turn, words] of guidance) for (const { id } of words) heardBy(parentOf(turn)).add(id)

  return {
    tell(to: string, words: Guidance): void {
      told.push({ ...words, to })
    },
    /** What the invocation `key` of `agent` was told since it last asked; it is then taken for heard. */
    hear(key: string, agent: string): readonly Guidance[] {
      const ids = heardBy(key)
      const isMeant = (to: string) => to === agent || key === to || key.startsWith(`${to}/`)
      const words = told.filter(({ id, to }) => isMeant(to) && !ids.has(id))
      for (const { id } of words) ids.add(id)
      return words.map(({ id, text, by }) => ({ id, text, by }))
    },
  }
}
