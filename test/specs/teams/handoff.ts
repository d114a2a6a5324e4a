import type { JsonObject } from '../../../src/json.ts'
import type { Line } from '../../helpers/scripted.ts'
import { agents, type Trials } from './members.ts'

const played = {
  ann: { role: 'You are ann.' },
  ben: { role: 'You are ben.' },
  cid: { role: 'You are cid.' },
}

/** An agent that passes control to another one, whatever it is told. */
const passTo =
  (to: string, args: JsonObject) =>
  (told: string): Line =>
    told.includes('Control passes')
      ? `Over to ${to}.`
      : { calls: [{ tool: 'hand_off', args: { to, ...args } }] }

const all = { ann: ['ben', 'cid'], ben: ['ann', 'cid'], cid: ['ann', 'ben'] }
const handoff = { kind: 'handoff', start: 'ann', handoffs: all }

export const trials: Trials = {
  'control that passes once and comes back': {
    parts: {
      ann: told =>
        told.includes('From ben:')
          ? 'It is 7.'
          : passTo('ben', { task: 'Count.', knowledge: 'It rains.' })(told),
      ben: passTo('ann', { task: 'Say it.', knowledge: 'It is 7.', constraints: ['Be brief.'] }),
    },
    definition: {
      agents: { ann: played.ann, ben: played.ben },
      pattern: { ...handoff, handoffs: { ann: ['ben'], ben: ['ann'] } },
    },
  },
  'a rehearsal': { definition: { agents, pattern: handoff } },
  'an agent that fails after control came to it': {
    state: 'failed',
    parts: { ann: passTo('ben', { task: 'Count.' }), ben: ['no'] },
    definition: {
      agents: {
        ...played,
        ben: { ...played.ben, check: [{ that: 'output == "yes"' }], retry: { attempts: 1 } },
      },
      pattern: handoff,
    },
  },
  'two that pass control back and forth': {
    state: 'failed',
    parts: { ann: passTo('ben', { task: 'You do it.' }), ben: passTo('ann', { task: 'Do it yourself.' }) },
    definition: { agents: played, pattern: handoff },
  },
  'hops that are used up': {
    state: 'failed',
    parts: { ann: passTo('ben', { task: 'One.' }), ben: passTo('cid', { task: 'Two.' }) },
    definition: { agents: played, pattern: { ...handoff, hops: 1 } },
  },
}
