import { agents, type Trials } from './members.ts'

const played = {
  ann: { role: 'You are ann.' },
  ben: { role: 'You are ben.' },
  cid: { role: 'You are cid.' },
}

export const trials: Trials = {
  'two who react at once, and one who ends it': {
    definition: {
      agents,
      pattern: {
        kind: 'events',
        start: 'rain',
        on: {
          rain: [
            { agent: 'ann', publish: 'facts' },
            { agent: 'ben', publish: [] },
          ],
          facts: [{ agent: 'cid', when: 'size(event.payload.facts) > 1', publish: 'report' }],
        },
        topics: ['report'],
      },
    },
  },
  'a reaction that fails once, one that is a dead letter, and an event that nobody subscribes to': {
    parts: { ann: ['no', 'yes'], ben: ['no'], cid: ['done'] },
    definition: {
      agents: {
        ...played,
        ann: { ...played.ann, check: [{ that: 'output == "yes"' }], retry: { attempts: 1 } },
        ben: { ...played.ben, check: [{ that: 'output == "yes"' }], retry: { attempts: 1 } },
      },
      pattern: {
        kind: 'events',
        start: { topic: 'asked', payload: { question: '${input.task}' } },
        on: {
          asked: [
            { agent: 'ann', publish: ['answered', 'noise'] },
            { agent: 'ben', publish: 'answered' },
          ],
          answered: [{ agent: 'cid', publish: [{ topic: 'asked', when: 'output == "again"' }] }],
        },
        concurrency: 1,
      },
    },
  },
  'a storm': {
    state: 'failed',
    parts: { ann: ['up'], ben: ['down'] },
    definition: {
      agents: { ann: played.ann, ben: played.ben },
      pattern: {
        kind: 'events',
        start: 'a',
        on: { a: [{ agent: 'ann', publish: 'b' }], b: [{ agent: 'ben', publish: 'a' }] },
        events: 3,
      },
    },
  },
  'a goal that never comes': {
    state: 'failed',
    parts: { ann: ['no'] },
    definition: {
      agents: { ann: { ...played.ann, check: [{ that: 'output == "yes"' }], retry: { attempts: 1 } } },
      pattern: {
        kind: 'events',
        start: 'a',
        on: { a: [{ agent: 'ann', publish: 'b' }] },
        until: 'has(state.b)',
      },
    },
  },
}
