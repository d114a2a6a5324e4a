import { agents, type Trials } from './members.ts'

const played = {
  ann: { role: 'You are ann.' },
  ben: { role: 'You are ben.' },
  cid: { role: 'You are cid.' },
}
const routes = { rain: 'ben', sun: 'cid' }
const label = (label: string, confidence: number) => ({ label, confidence, why: 'It says so.' })

export const trials: Trials = {
  'a label that fits': {
    definition: {
      agents: { ...agents, host: { role: 'You classify.' } },
      pattern: { kind: 'route', classifier: 'host', routes, default: 'ann' },
    },
  },
  'a classifier that is not sure': {
    parts: { ann: [label('sun', 0.3)], ben: ['Take a coat.'] },
    definition: { agents: played, pattern: { kind: 'route', classifier: 'ann', routes, default: 'ben' } },
  },
  'nobody for what fits no label': {
    state: 'failed',
    parts: { ann: [label('none', 0.9)] },
    definition: { agents: played, pattern: { kind: 'route', classifier: 'ann', routes } },
  },
  'an agent that fails': {
    state: 'failed',
    parts: { ann: [label('rain', 0.9)], ben: ['no'] },
    definition: {
      agents: {
        ...played,
        ben: { ...played.ben, check: [{ that: 'output == "yes"' }], retry: { attempts: 1 } },
      },
      pattern: { kind: 'route', classifier: 'ann', routes },
    },
  },
}
