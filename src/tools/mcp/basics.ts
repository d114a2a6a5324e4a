import type { Tool } from '../tool.ts'
import type { Connection } from './connection.ts'
import { MOST_QUESTIONS, TRIES } from './elicit.ts'
import { EXTENSION } from './patience.ts'

/** A call is made at the most so often, and the server is started as often. */
const ATTEMPTS = 6

/** What all tools of a server have in common. */
export function basics({ spec }: Connection): Pick<Tool, 'reach' | 'deadline'> {
  const asking = spec.patience * MOST_QUESTIONS * TRIES
  return {
    reach: spec.run ? 'executes' : 'connects',
    deadline: ATTEMPTS * EXTENSION * spec.timeout + asking,
  }
}
