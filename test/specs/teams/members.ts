import type { JsonObject } from '../../../src/json.ts'
import type { Part } from '../../helpers/scripted.ts'

/** A team that a pattern is put to the test with. */
export interface Trial {
  readonly definition: object
  readonly input?: JsonObject
  /** What the agents say, when a rehearsal is not enough; their roles are "You are NAME." then. */
  readonly parts?: Readonly<Record<string, Part>>
  /** How it ends; by default well. */
  readonly state?: 'succeeded' | 'failed'
  /** Where timing may decide what comes out, so that a resumed run may end with another output. */
  readonly isRace?: true
}

export type Trials = Readonly<Record<string, Trial>>

export const agents = {
  ann: {
    role: 'You list facts.',
    output: {
      type: 'object',
      properties: { facts: { type: 'array', items: { type: 'string' }, minItems: 2 } },
      required: ['facts'],
    },
  },
  ben: { role: 'You doubt everything.' },
  cid: { role: 'You write.' },
}

export const task =
  'Rain falls. Rivers rise when rain falls for days. Dams hold rivers back. People live below dams.'
