import type { Line } from '../../helpers/scripted.ts'
import { agents, type Trials } from './members.ts'

/** Agents that a scripted server plays. */
const members = {
  ann: { role: 'You are ann.', skills: ['plan'] },
  ben: { role: 'You are ben.', skills: ['build'], retry: { attempts: 1 } },
  cid: { role: 'You are cid.', skills: ['build', 'write'] },
}

const part = (id: string, more: object) => ({
  id,
  description: `Do ${id}.`,
  agent: null,
  capability: 'build',
  dependsOn: [],
  complexity: 2,
  why: 'It is needed.',
  ...more,
})

/** What the one says who plans and assembles. A server that begins anew knows by what it is told how far all is. */
function lead(told: string): Line {
  if (told.includes('Name every contradiction'))
    return { contradictions: [{ between: ['b', 'd'], about: 'the colour', settled: 'It is red.' }] }
  if (told.includes('Make one result')) return 'All of it.'
  const isAgain = told.includes('was not accepted')
  return {
    tasks: [
      part('a', isAgain ? { agent: 'ben', capability: null } : { dependsOn: ['c'] }),
      part('b', {}),
      part('c', { dependsOn: ['a'] }),
      part('d', { dependsOn: ['b'], capability: 'write' }),
    ],
  }
}

export const trials: Trials = {
  'written tasks, two at a time, and one that is skipped': {
    definition: {
      agents,
      pattern: {
        kind: 'tasks',
        tasks: {
          facts: { agent: 'ann', task: 'List what is known on ${input.task}' },
          doubts: { agent: 'ben', dependsOn: ['facts'], complexity: 3 },
          more: { agent: 'ben', dependsOn: ['facts'], when: 'size(steps.facts.output.facts) > 100' },
          names: { agent: 'ben', task: 'Name everybody' },
          text: { agent: 'cid', dependsOn: ['doubts', 'more', 'names'] },
        },
        concurrency: 2,
      },
    },
  },
  'a plan with a circle that is mended, one task that fails, and a contradiction': {
    parts: {
      ann: lead,
      ben: [''],
      cid: ['good'],
    },
    definition: {
      agents: members,
      pattern: {
        kind: 'tasks',
        decompose: 'ann',
        agents: ['ben', 'cid'],
        assemble: 'ann',
        onFailure: 'continue',
      },
    },
  },
  'a task that fails for good': {
    state: 'failed',
    parts: { ben: ['bad'], cid: ['good'] },
    definition: {
      agents: { ben: members.ben, cid: members.cid },
      pattern: {
        kind: 'tasks',
        tasks: {
          first: { agent: 'cid' },
          second: { agent: 'ben', dependsOn: ['first'], check: [{ that: 'output == "good"' }] },
          third: { needs: ['write'], dependsOn: ['second'] },
        },
      },
    },
  },
}
