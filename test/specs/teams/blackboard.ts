import { agents, type Trials } from './members.ts'

const played = {
  ann: { role: 'You are ann.' },
  ben: { role: 'You are ben.' },
  cid: { role: 'You are cid.' },
}

const sensor = {
  kind: 'command',
  run: ['node', '-e', 'process.stdout.write("dry")'],
  stdin: 'none',
  effects: 'pure',
}

export const trials: Trials = {
  'two who work at once and one who waits for them': {
    definition: {
      agents,
      pattern: {
        kind: 'blackboard',
        contributors: {
          ann: { when: 'has(board.question) && !has(board.facts)', writes: ['facts'] },
          ben: { when: '!has(board.doubts)', writes: ['doubts'], reads: ['question'] },
          writer: {
            agent: 'cid',
            when: 'has(board.facts) && has(board.doubts)',
            writes: ['report', 'title'],
          },
        },
        board: { question: '${input.task}' },
        until: 'has(board.report)',
      },
    },
  },
  'two who write the same name at once, the first one counts': {
    isRace: true,
    parts: { ann: ['up'], ben: ['down'], cid: ['done'] },
    definition: {
      agents: { ...played, sensor },
      pattern: {
        kind: 'blackboard',
        contributors: {
          ann: { when: '!has(board.way)', writes: ['way'] },
          ben: { when: '!has(board.way)', writes: ['way'] },
          cid: { when: 'has(board.way) && has(board.sense)', writes: ['report'] },
          sensor: { when: '!has(board.sense)', writes: ['sense'] },
        },
        until: 'has(board.report)',
        conflicts: { resolve: 'priority', priority: ['ann'] },
      },
    },
  },
  'one who fails, and a goal that is never reached': {
    state: 'failed',
    parts: { ann: ['something'], ben: ['bad'] },
    definition: {
      agents: {
        ...played,
        ben: { ...played.ben, check: [{ that: 'output == "good"' }], retry: { attempts: 1 } },
      },
      pattern: {
        kind: 'blackboard',
        contributors: {
          ann: { when: '!has(board.a)', writes: ['a'] },
          ben: { when: 'has(board.a)', writes: ['b'] },
          cid: { when: 'has(board.b)', writes: ['c'] },
        },
        until: 'has(board.c)',
      },
    },
  },
  'two who overwrite each other': {
    state: 'failed',
    parts: { ann: ['up'], ben: ['down'] },
    definition: {
      agents: { ann: played.ann, ben: played.ben },
      pattern: {
        kind: 'blackboard',
        contributors: {
          ann: { when: 'board.way != "up"', writes: ['way'] },
          ben: { when: 'board.way == "up"', writes: ['way'] },
        },
        board: { way: 'nowhere' },
        until: 'board.way == "agreed"',
      },
    },
  },
}
