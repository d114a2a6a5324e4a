import { describe, expect, it } from 'vitest'
import { team } from '../helpers/teams.ts'

const two = (ann: object, ben: object, more: object = {}) => ({
  agents: { ann, ben },
  pattern: { kind: 'pipeline', stages: ['ann', 'ben'] },
  ...more,
})

async function warnings(definition: object): Promise<string[]> {
  const { problems } = await team(definition)
  expect(problems.every(({ severity }) => severity === 'warning')).toBe(true)
  return problems.map(({ message, location }) => `${location.line}: ${message}`)
}

describe('crew validate warns', () => {
  it.each([
    [
      'when two agents have the same job',
      two(
        { role: 'You review code for security problems.' },
        { role: 'You review our code for security problems!' },
      ),
      /"ben" and "ann" have the same job/,
    ],
    [
      'when an agent has too many tools',
      two({ role: 'A', tools: Array.from({ length: 16 }, () => 'read_file') }, { role: 'B' }),
      /"ann" has 16 tools/,
    ],
    [
      'when nobody reads a result, since the next agent has a prompt that leaves it out',
      two({ role: 'A' }, { prompt: 'Write about ${input.task}.' }),
      /nobody reads what "ann" gives/,
    ],
    [
      'when nobody reads a result, since the output of the team is another',
      two({ role: 'A' }, { role: 'B' }, { output: '${steps.ann.output}' }),
      /nobody reads what "ben" gives/,
    ],
    [
      'when a loop can end at its limit only',
      {
        agents: { ann: { role: 'A' }, ben: { role: 'B' } },
        pattern: { kind: 'chat', members: ['ann', 'ben'], until: '1 > 2' },
      },
      /this never holds/,
    ],
    [
      'when a state machine has nodes without a way out',
      {
        agents: { ann: { role: 'A' }, ben: { role: 'B' } },
        pattern: {
          kind: 'graph',
          start: 'ann',
          nodes: {
            ann: { agent: 'ann' },
            ben: { agent: 'ben' },
            cid: { agent: 'ben' },
            done: { end: 'succeeded' },
          },
          edges: [
            { from: 'ann', to: 'done', when: 'size(input.task) > 9' },
            { from: 'ann', to: 'ben' },
            { from: 'ben', to: 'cid' },
            { from: 'cid', to: 'ben' },
          ],
        },
      },
      /from "ben" no end can be reached/,
    ],
  ])('%s', async (_, definition, warning) => {
    expect(await warnings(definition)).toContainEqual(expect.stringMatching(warning))
  })

  it.each([
    [
      'roles that differ',
      two({ role: 'You write the code of the server.' }, { role: 'You review the code of the server.' }),
    ],
    [
      'the same role with other outputs',
      two({ role: 'You judge this text.', output: { type: 'object' } }, { role: 'You judge this text.' }),
    ],
    ['a prompt that takes what the pattern hands over', two({ role: 'A' }, { prompt: 'Mend this: ${task}' })],
    ['a prompt that names the step', two({ role: 'A' }, { prompt: '${steps.ann.output}' })],
    [
      'an output that names both',
      two({ role: 'A' }, { role: 'B' }, { output: '${steps.ann.output + steps.ben.output}' }),
    ],
  ])('of nothing with %s', async (_, definition) => {
    expect(await warnings(definition)).toEqual([])
  })
})
