import { agents, type Trials } from './members.ts'

const files = ['a.md', 'b.md', 'c.md', 'd.md']

export const trials: Trials = {
  'branches and an editor': {
    definition: { agents, pattern: { kind: 'parallel', branches: ['ann', 'ben'], aggregate: 'cid' } },
  },
  'a list, two at a time, and a vote': {
    input: { files },
    definition: {
      agents,
      input: { files: { type: 'array', default: files } },
      pattern: {
        kind: 'parallel',
        each: '${input.files}',
        as: 'file',
        agent: 'ben',
        concurrency: 2,
        aggregate: 'vote',
      },
    },
  },
  'branches with budgets that leave room for what nobody knows the outcome of': {
    definition: {
      agents,
      budget: { tokens: 40_000, day: { tokens: 100_000_000 } },
      pattern: {
        kind: 'parallel',
        branches: [{ agent: 'ann', budget: { tokens: 30_000 } }, 'ben'],
        aggregate: 'cid',
      },
    },
  },
  'a quorum of two': {
    isRace: true,
    definition: {
      agents,
      pattern: {
        kind: 'parallel',
        branches: ['ann', 'ben', 'cid'],
        onFailure: { quorum: 2 },
        aggregate: 'concat',
      },
    },
  },
  'agents that touch the same thing, and a judge': {
    parts: {
      ann: ['red'],
      judge: [
        { conflicts: [{ between: ['ann', 'copy'], about: 'the colour', why: 'red is not blue' }] },
        { from: 'ann', why: 'It is warmer.' },
      ],
    },
    definition: {
      agents: {
        ann: { role: 'You are ann.', writes: ['paint'] },
        copy: {
          kind: 'command',
          run: ['echo', 'blue'],
          stdin: 'none',
          effects: 'idempotent',
          reads: ['paint'],
        },
        judge: { role: 'You are judge.' },
      },
      pattern: {
        kind: 'parallel',
        branches: ['ann', 'copy'],
        conflicts: { resolve: 'escalate', by: 'judge', judge: 'judge' },
      },
    },
  },
}
