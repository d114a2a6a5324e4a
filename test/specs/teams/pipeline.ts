import { agents, type Trials } from './members.ts'

/** A team that is an agent: two stages, with a team of their own inside. */
const nested = {
  kind: 'team',
  team: {
    name: 'outer',
    agents: {
      ...agents,
      inner: {
        kind: 'team',
        input: { topic: '${steps.ann.output.facts[0]}' },
        team: {
          name: 'inner',
          input: { topic: { type: 'string' } },
          agents,
          pattern: { kind: 'parallel', branches: ['ann', 'ben'], aggregate: 'cid' },
        },
      },
    },
    pattern: { kind: 'pipeline', stages: ['ann', 'inner', 'cid'] },
    output: '${steps.inner.output}: ${steps.cid.output}',
  },
}

const TALK = [
  { tool: 'ask_agent', args: { agent: 'ben', question: 'How many?' } },
  { tool: 'send_message', args: { to: 'ben', payload: 'Hello' } },
  { tool: 'write_board', args: { name: 'plan', value: '{"steps":2}' } },
]
const CIRCLE = { agent: 'ann', question: 'How many what?' }
const CLERK = `const { board, messages } = JSON.parse(require('fs').readFileSync(0, 'utf8'))
console.log(JSON.stringify({
  output: [board.plan.value.steps, messages.length],
  write: { plan: { steps: 3 } },
  send: [{ to: 'ben', payload: 'Three.' }],
}))`

export const trials: Trials = {
  'three stages': { definition: { agents, pattern: { kind: 'pipeline', stages: ['ann', 'ben', 'cid'] } } },
  'a stage that is skipped and an agent that works twice': {
    definition: {
      agents,
      pattern: {
        kind: 'pipeline',
        stages: [
          'ann',
          { agent: 'ben', when: 'size(steps.ann.output.facts) > 100' },
          { agent: 'ann', name: 'again' },
          'cid',
        ],
      },
    },
  },
  'a stage that fails its check and is done by another, one that is judged, and one that fails for good': {
    parts: { ben: ['bad'], cid: ['good'], ann: [{ accepted: true, why: 'It says something.' }] },
    definition: {
      agents: {
        ann: { role: 'You are ann.' },
        ben: { role: 'You are ben.', retry: { attempts: 1 } },
        cid: { role: 'You are cid.' },
      },
      pattern: {
        kind: 'pipeline',
        stages: [
          { agent: 'ben', check: [{ that: 'output == "good"' }], fallback: 'cid' },
          { agent: 'ben', name: 'again', check: [{ that: 'false' }], onFailure: 'continue' },
          { agent: 'cid', name: 'last', check: [{ judge: { by: 'ann', rubric: 'It says something.' } }] },
        ],
      },
    },
  },
  'work that is tried again, made simpler, given to another, repaired, kept, and at last gone on without': {
    parts: {
      ann: told => (told.includes('Say good.') ? 'good' : 'bad'),
      ben: ['bad'],
      cid: ['kept'],
      medic: [{ action: 'retry', task: 'Say good.', why: 'It was not clear.' }],
    },
    definition: {
      defaults: { retry: { attempts: 2, backoff: '1ms' } },
      repair: { by: 'medic', total: 1 },
      agents: {
        ann: {
          role: 'You are ann.',
          check: [{ that: 'output == "good"' }],
          simplify: 'Less: ${task}',
          fallback: ['ben'],
        },
        ben: { role: 'You are ben.', check: [{ that: 'false' }] },
        cid: { role: 'You are cid.', prompt: 'Say something.', cache: '1h' },
        medic: { role: 'You are medic.' },
        half: {
          role: 'You are ben.',
          check: [{ that: 'false' }],
          ladder: ['retry', 'repair', 'cached', 'partial'],
        },
      },
      pattern: {
        kind: 'pipeline',
        stages: ['ann', 'cid', { agent: 'cid', name: 'again' }, 'half'],
      },
    },
  },
  'nested teams, two levels deep': {
    definition: {
      agents: { ...agents, nested },
      pattern: { kind: 'pipeline', stages: ['ben', 'nested', 'cid'] },
    },
  },
  'a nested team that fails, is tried again and is replaced by another': {
    parts: { ben: ['bad'], ann: ['good'] },
    definition: {
      agents: {
        weak: {
          kind: 'team',
          retry: { attempts: 2, backoff: '1ms' },
          check: [{ that: 'output == "good"' }],
          fallback: ['strong'],
          team: {
            name: 'weak',
            agents: { ben: { role: 'You are ben.' } },
            pattern: { kind: 'pipeline', stages: ['ben'] },
          },
        },
        strong: {
          kind: 'team',
          team: {
            name: 'strong',
            agents: { ann: { role: 'You are ann.' } },
            pattern: { kind: 'pipeline', stages: ['ann'] },
          },
        },
      },
      pattern: { kind: 'pipeline', stages: ['weak'] },
      limits: { concurrency: 1 },
    },
  },
  'a person who is asked': {
    definition: {
      agents: { ...agents, boss: { kind: 'human', prompt: 'Good?', choices: ['yes', 'no'] } },
      pattern: {
        kind: 'pipeline',
        stages: ['ann', 'boss', { agent: 'cid', when: 'steps.boss.output == "yes"' }],
      },
    },
  },
  'agents that ask each other, write to each other and to the board, and a program that answers to that': {
    parts: {
      ann: told => (told.includes('tool: ') ? 'I asked and wrote.' : { calls: TALK }),
      ben: told => (told.includes('tool: ') ? 'Two.' : { calls: [{ tool: 'ask_agent', args: CIRCLE }] }),
    },
    definition: {
      agents: {
        ann: { role: 'You are ann.', tools: ['ask_agent', 'send_message', 'write_board'] },
        ben: { role: 'You are ben.', tools: ['ask_agent', 'read_messages'] },
        clerk: { kind: 'command', effects: 'pure', exchange: true, run: ['node', '-e', CLERK] },
      },
      pattern: { kind: 'pipeline', stages: ['ann', 'clerk', 'ben'] },
      limits: { concurrency: 1 },
    },
  },
  'a packet that is summed up before it is handed over': {
    parts: {
      ann: ['word '.repeat(2_000)],
      ben: told => (told.includes('I summed it up.') ? 'Read.' : 'Too much.'),
      cid: ['I summed it up.'],
    },
    definition: {
      agents: {
        ann: { role: 'You are ann.' },
        ben: { role: 'You are ben.', context: { tokens: 200, compact: { by: 'cid' } } },
        cid: { role: 'You are cid.' },
      },
      pattern: { kind: 'pipeline', stages: ['ann', 'ben'] },
    },
  },
  'stages that all fail, though each could be missed': {
    state: 'failed',
    definition: {
      agents: { ...agents, ben: { ...agents.ben, check: [{ that: 'false' }], retry: { attempts: 1 } } },
      pattern: { kind: 'pipeline', stages: [{ agent: 'ben', onFailure: 'continue' }] },
    },
  },
}
