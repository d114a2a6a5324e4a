import type { Context } from '../../src/engine/context.ts'
import type { ExchangeFact } from '../../src/store/events.ts'

/** Contexts of steps as board and mailbox need them, and the facts that these leave in the journal. */
export function journal() {
  const facts: ExchangeFact[] = []
  const step = (key: string): Context => {
    const refuse = () => {
      throw new Error('board and mailbox only leave facts')
    }
    return {
      ...{ key, reopened: 0, signal: new AbortController().signal },
      ...{ step: refuse, next: refuse, waitFor: refuse, hear: refuse, sleep: refuse },
      emit: fact => void facts.push(fact as ExchangeFact),
    }
  }
  return { facts, step }
}
