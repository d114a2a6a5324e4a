import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Play, play } from '../helpers/play.ts'
import {
  alone,
  asking,
  counting,
  handoff,
  machine,
  nodes,
  pipeline,
  refine,
  round,
  use,
} from '../helpers/runaways.ts'

/** Works that are long and repeat themselves, and get there: `size` says how long. */
const LONG: Readonly<Record<string, (size: number) => Play>> = {
  'polls a status until it is done': size => ({
    pattern: pipeline('ann'),
    parts: {
      ann: told =>
        told.includes('100 %') ? 'Done.' : use('ask_agent', { agent: 'ben', question: 'How far?' }),
      ben: counting(turn => (turn < size ? `${turn} %` : '100 %')),
    },
    each: asking,
  }),
  'reads page after page': size => ({
    ...alone(
      counting(turn =>
        turn > size ? 'Done.' : use('read_file', { path: 'team.json', from: 1, lines: turn }),
      ),
      ['read_file'],
    ),
    rest: {},
  }),
  'looks at the same file again after each of its changes': size => ({
    ...alone(
      counting(turn => {
        if (turn > size) return 'Done.'
        return turn % 2
          ? use('write_board', { name: 'draft', value: `draft ${turn}` })
          : use('read_file', { path: 'team.json' })
      }),
      ['read_file', 'write_board'],
    ),
    rest: {},
  }),
  'asks many the same': size => {
    const others = Array.from({ length: size }, (_, n) => `member${n}`)
    return {
      pattern: pipeline('ann'),
      parts: {
        ann: counting(turn =>
          turn > size ? 'Done.' : use('ask_agent', { agent: others[turn - 1] ?? '', question: 'Yes?' }),
        ),
        ...Object.fromEntries(others.map(name => [name, ['Yes.']])),
      },
      more: { ann: asking },
    }
  },
  'has the same done by many lanes, who all say the same': size => ({
    pattern: { kind: 'parallel', each: '${input.items}', agent: 'ann' },
    parts: { ann: ['Yes.'] },
    rest: { input: { items: { type: 'array' } } },
    input: { items: Array.from({ length: size }, () => 'Is it true?') },
  }),
  'needs several attempts, each better than the last': size => ({
    pattern: pipeline('ann'),
    parts: { ann: counting(turn => (turn < Math.min(size, 7) ? `attempt ${turn}` : 'right')) },
    more: { ann: { check: [{ that: 'output == "right"' }], retry: { attempts: 20, backoff: '1ms' } } },
  }),
  'goes round in a machine until the work is good': size => ({
    parts: { ann: counting(turn => `draft ${turn}`), ben: counting(turn => (turn < size ? 'bad' : 'good')) },
    pattern: machine(nodes, round, { visits: 30 }),
  }),
  'mends a draft until it is good': size => ({
    parts: {
      ann: counting(turn => `draft ${turn}`),
      ben: counting(turn => ({ score: turn < Math.min(size, 10) ? 1 : 10, problems: [], verdict: 'Well.' })),
    },
    pattern: { ...refine, attempts: 20 },
  }),
  'talks things over': size => ({
    parts: {
      ann: counting(turn => `Point ${turn} of mine.`),
      ben: counting(turn => `What of ${turn * 7919}?`),
    },
    pattern: { kind: 'chat', members: ['ann', 'ben'], turns: size },
  }),
  'passes control to and fro while there is news': size => ({
    ...handoff(
      {
        ann: counting(turn =>
          turn > size
            ? 'Done.'
            : turn % 2
              ? use('hand_off', { to: 'ben', task: 'Go on.', knowledge: `fact a${turn}` })
              : 'Over.',
        ),
        ben: counting(turn =>
          turn % 2 ? use('hand_off', { to: 'ann', task: 'Go on.', knowledge: `fact b${turn}` }) : 'Over.',
        ),
      },
      { hops: 40 },
    ),
  }),
  'reacts to one event after the other': size => ({
    parts: { ann: counting(turn => (turn < size ? 'again' : 'enough')) },
    pattern: {
      kind: 'events',
      start: 'a',
      on: { a: [{ agent: 'ann', publish: [{ topic: 'a', when: 'output == "again"' }] }] },
    },
  }),
}

describe('work that is long but healthy', () => {
  const sizes = [25, ...fc.sample(fc.integer({ min: 4, max: 12 }), { seed: 4, numRuns: 9 })]
  it.each(Object.entries(LONG))('is not stopped: one that %s', async (_, of) => {
    const ended = await Promise.all(sizes.map(size => play(of(size))))
    expect(ended.map(({ outcome }) => outcome.state)).toEqual(sizes.map(() => 'succeeded'))
  })
})
