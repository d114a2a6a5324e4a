import { agents, type Trials } from './members.ts'

export const trials: Trials = {
  'a loop with an exit, shared state, and an approval': {
    definition: {
      agents,
      pattern: {
        kind: 'graph',
        start: 'facts',
        state: {
          notes: { type: 'array', reducer: 'append' },
          rounds: { type: 'integer', reducer: 'add' },
          status: { type: 'string', enum: ['open', 'done'], default: 'open' },
        },
        nodes: {
          facts: { agent: 'ann', writes: { notes: '${output.facts}' } },
          doubt: { agent: 'ben', task: 'Doubt this: ${state.notes[0]}', writes: 'notes' },
          count: { set: { rounds: 1 } },
          ask: { approval: 'Is this enough: ${state.notes.size()} notes?', choices: ['enough', 'more'] },
          close: { set: { status: 'done' } },
          done: { end: 'succeeded', output: '${state}' },
        },
        edges: [
          { from: 'facts', to: 'doubt' },
          { from: 'doubt', to: 'count' },
          { from: 'count', to: 'facts', when: 'visits.facts < 2' },
          { from: 'count', to: 'ask' },
          { from: 'ask', to: 'close', when: 'output == "enough"' },
          { from: 'ask', to: 'facts' },
          { from: 'close', to: 'done' },
        ],
      },
    },
  },
  'an agent that fails its check and is stood in for, and an end that fails': {
    state: 'failed',
    parts: { ann: ['bad'], ben: ['good'] },
    definition: {
      agents: {
        ann: { role: 'You are ann.', retry: { attempts: 1 } },
        ben: { role: 'You are ben.' },
      },
      pattern: {
        kind: 'graph',
        start: 'first',
        nodes: {
          first: { agent: 'ann', check: [{ that: 'output == "good"' }], fallback: 'ben' },
          refused: { end: 'failed' },
          fine: { end: 'succeeded' },
        },
        edges: [
          { from: 'first', to: 'refused', when: 'output == "good"' },
          { from: 'first', to: 'fine' },
        ],
      },
    },
  },
  'a circle in which nothing changes': {
    state: 'failed',
    parts: { ann: ['The same.'], ben: ['No.'] },
    definition: {
      agents: { ann: { role: 'You are ann.' }, ben: { role: 'You are ben.' } },
      pattern: {
        kind: 'graph',
        start: 'ann',
        nodes: { ann: { agent: 'ann' }, ben: { agent: 'ben' }, done: { end: 'succeeded' } },
        edges: [
          { from: 'ann', to: 'ben' },
          { from: 'ben', to: 'done', when: 'output == "Yes."' },
          { from: 'ben', to: 'ann' },
        ],
      },
    },
  },
}
