import type { Json, JsonObject } from '../../src/json.ts'

/** A step of a plan, as a supervisor answers it. */
export function step(id: string, agent: string, dependsOn: readonly string[] = []) {
  return { id, agent, task: `Do the part ${id}.`, dependsOn, why: `The part ${id} is needed.` }
}

export function objection(next: string, more: { feedback?: string; worker?: string } = {}) {
  return { why: `It calls for ${next}.`, next, feedback: null, worker: null, ...more }
}

export function rejection(next: string, more: { feedback?: string; worker?: string } = {}) {
  return { accepted: false, ...objection(next, more) }
}

interface Lead {
  /** The plans, one after the other; the last for ever. */
  readonly plans: readonly (readonly JsonObject[])[]
  /** What it says of results and failures in which such words occur; it accepts all others. */
  readonly verdicts?: Readonly<Record<string, Json>>
  /** Its answers, the first and the one after a rejection; it rejects one that says "incomplete". */
  readonly answers?: readonly string[]
}

/** The part of a supervisor. It says the same to the same question, also to a run that is resumed. */
export function lead({ plans, verdicts = {}, answers = ['The answer.'] }: Lead) {
  return (told: string): Json => {
    const asked = told.slice(told.indexOf('user: '))
    if (asked.includes('Plan how your workers')) {
      const dropped = asked.match(/was dropped because/g)?.length ?? 0
      return { steps: [...(plans[Math.min(dropped, plans.length - 1)] ?? [])] }
    }
    if (asked.includes('Judge whether this answer'))
      return { accepted: !asked.includes('incomplete'), why: 'The end is what matters.' }
    if (asked.includes('Give the answer')) return answers[asked.includes('not accepted') ? 1 : 0] ?? ''
    const said = Object.entries(verdicts).find(([words]) => asked.includes(words))?.[1]
    return said ?? { accepted: true, ...objection('halt'), next: null, why: 'All is well.' }
  }
}
