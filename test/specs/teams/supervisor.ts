import { lead, objection, rejection, step } from '../../helpers/supervising.ts'
import { agents, type Trials } from './members.ts'

const members = {
  lead: { role: 'You are lead. You plan.' },
  ann: { role: 'You are ann. You find facts.' },
  ben: { role: 'You are ben. You doubt everything.' },
  cid: { role: 'You are cid. You are never there.', retry: { attempts: 1 }, check: [{ that: 'false' }] },
}

const pattern = { kind: 'supervisor', supervisor: 'lead', workers: ['ann', 'ben', 'cid'] }

/** Says something better once it is told what was wrong. */
const learning = (told: string) => (told.includes('Say more.') ? 'many facts' : 'too few facts')

export const trials: Trials = {
  'workers that are rehearsed': {
    definition: {
      agents: { lead: { role: 'You plan and write.' }, ...agents },
      pattern: { ...pattern, workers: ['ann', 'ben', 'cid'] },
    },
  },
  'steps that depend on each other, a result that is rejected, and a worker that fails': {
    definition: { agents: members, pattern },
    parts: {
      ann: learning,
      lead: lead({
        plans: [
          [
            step('find', 'ann'),
            step('doubt', 'ben', ['find']),
            step('other', 'cid'),
            step('all', 'ben', ['doubt', 'other']),
          ],
        ],
        verdicts: {
          'too few facts': rejection('retry', { feedback: 'Say more.' }),
          'cid failed': objection('other', { worker: 'ben' }),
        },
      }),
    },
  },
  'a plan that is dropped while others work, and an answer that is mended': {
    definition: { agents: members, pattern },
    parts: {
      lead: lead({
        plans: [
          [step('find', 'ann'), step('lost', 'cid'), step('never', 'ben', ['lost'])],
          [step('doubt', 'ben', ['find'])],
        ],
        verdicts: { 'cid failed': objection('replan') },
        answers: ['incomplete', 'All of it.'],
      }),
    },
  },
  'a supervisor that halts': {
    state: 'failed',
    definition: { agents: members, pattern },
    parts: {
      lead: lead({
        plans: [[step('find', 'ann'), step('lost', 'cid', ['find'])]],
        verdicts: { 'cid failed': objection('halt') },
      }),
    },
  },
  'a supervisor that never has enough plans': {
    state: 'failed',
    definition: { agents: members, pattern: { ...pattern, replans: 1, retries: 0 } },
    parts: {
      lead: lead({
        plans: [[step('lost', 'cid')], [step('gone', 'cid')]],
        verdicts: { 'cid failed': objection('replan') },
      }),
    },
  },
}
