import { agents, type Trials } from './members.ts'

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
}
