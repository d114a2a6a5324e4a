import { agents, type Trials } from './members.ts'

const members = { ann: { role: 'You are ann.' }, ben: { role: 'You are ben.' } }
const parts = {
  ann: (told: string) => (told.includes('too short') ? 'A long draft.' : 'Short.'),
  ben: (told: string) =>
    told.includes('A long draft.')
      ? { score: 9, problems: [], verdict: 'Well.' }
      : { score: 4, problems: ['too short'], verdict: 'Not yet.' },
}

export const trials: Trials = {
  'drafts that are never good enough': {
    definition: {
      agents,
      pattern: {
        kind: 'refine',
        generator: 'cid',
        critic: 'ben',
        until: 'critique.score > 100.0',
        attempts: 3,
      },
    },
  },
  'a draft that is mended': {
    parts,
    definition: {
      agents: members,
      pattern: { kind: 'refine', generator: 'ann', critic: 'ben', until: 'critique.score >= 8' },
    },
  },
  'a generator that dies': {
    state: 'failed',
    parts: { ann: [''] },
    definition: {
      agents: { ...members, ann: { role: 'You are ann.', retry: { attempts: 1 } } },
      pattern: { kind: 'refine', generator: 'ann', critic: 'ben', until: 'critique.score >= 8' },
    },
  },
  'a generator that repeats itself and must not': {
    state: 'failed',
    parts: { ...parts, ann: ['Short.'] },
    definition: {
      agents: members,
      pattern: {
        kind: 'refine',
        generator: 'ann',
        critic: 'ben',
        until: 'critique.score >= 8',
        onLimit: 'fail',
      },
    },
  },
}
