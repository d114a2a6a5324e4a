import { describe, expect, it } from 'vitest'
import { resume } from '../../src/app.ts'
import { pattern } from '../../src/patterns/index.ts'
import type { Event } from '../../src/store/events.ts'
import { storeWith } from '../helpers/runs.ts'
import { finish, team } from '../helpers/teams.ts'

const agents = {
  ann: {
    role: 'You list facts.',
    output: {
      type: 'object',
      properties: { facts: { type: 'array', items: { type: 'string' }, minItems: 2 } },
      required: ['facts'],
    },
  },
  ben: { role: 'You doubt everything.' },
  cid: { role: 'You write.' },
}
const task =
  'Rain falls. Rivers rise when rain falls for days. Dams hold rivers back. People live below dams.'

/** One or more teams for every pattern that is registered; a pattern without one fails the spec. */
const TEAMS: Record<string, readonly (readonly [what: string, definition: object])[]> = {
  pipeline: [
    ['three stages', { agents, pattern: { kind: 'pipeline', stages: ['ann', 'ben', 'cid'] } }],
    [
      'a stage that is skipped and an agent that works twice',
      {
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
    ],
  ],
  parallel: [
    [
      'branches and an editor',
      { agents, pattern: { kind: 'parallel', branches: ['ann', 'ben'], aggregate: 'cid' } },
    ],
    [
      'a list, two at a time, and a vote',
      {
        agents,
        input: { files: { type: 'array', default: ['a.md', 'b.md', 'c.md', 'd.md'] } },
        pattern: {
          kind: 'parallel',
          each: '${input.files}',
          as: 'file',
          agent: 'ben',
          concurrency: 2,
          aggregate: 'vote',
        },
      },
    ],
    [
      'a quorum of two',
      {
        agents,
        pattern: {
          kind: 'parallel',
          branches: ['ann', 'ben', 'cid'],
          onFailure: { quorum: 2 },
          aggregate: 'concat',
        },
      },
    ],
  ],
}

const input = (definition: object) =>
  'input' in definition ? { files: ['a.md', 'b.md', 'c.md', 'd.md'] } : { task }

/** Keys of the steps that a list of events leaves committed. */
function committed(events: readonly Event[]): string[] {
  return events.flatMap(event => (event.type === 'step.succeeded' ? [event.key] : []))
}

describe.each(pattern.options.map(({ shape }) => shape.kind.value))('the pattern %s', kind => {
  const teams = TEAMS[kind] ?? []

  it('is put to this test', () => {
    expect(teams.length).toBeGreaterThan(0)
  })

  it.each(teams)(
    'with %s, killed behind any event, ends as if nothing had happened',
    async (_, definition) => {
      const { id, outcome, events } = await finish(await team(definition), {
        input: input(definition),
        rehearsal: true,
      })
      expect(outcome).toMatchObject({ state: 'succeeded' })
      for (let kept = 1; kept < events.length; kept += 1) {
        const before = events.slice(0, kept)
        const store = await storeWith(before, id)
        const surroundings = { store, env: {}, interrupt: new AbortController().signal, onEvent: () => {} }
        const resumed = await resume(id, before, {}, surroundings)
        const after = (await store.events(id)).slice(kept)
        const where = `killed behind event ${kept} (${events[kept - 1]?.type})`
        if ('onFailure' in (definition as { pattern: object }).pattern)
          expect(resumed, where).toMatchObject({ state: 'succeeded' })
        else expect(resumed, where).toEqual(outcome)
        const started = after.flatMap(event => (event.type === 'step.started' ? [event.key] : []))
        expect(
          started.filter(key => committed(before).includes(key)),
          `${where}: repeated`,
        ).toEqual([])
        const all = committed([...before, ...after])
        expect(all, `${where}: committed twice`).toEqual([...new Set(all)])
      }
    },
  )

  it.each(teams)('with %s, gives every step a key that does not depend on timing', async (_, definition) => {
    const keys = async () => {
      const { events } = await finish(await team(definition), { input: input(definition), rehearsal: true })
      return events.flatMap(event => (event.type === 'step.started' ? [event.key] : [])).sort()
    }
    expect(await keys()).toEqual(await keys())
  })
})
