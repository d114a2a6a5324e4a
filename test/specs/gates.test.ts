import { expect, it } from 'vitest'
import { answerAll, asked, goOn } from '../helpers/people.ts'
import { storeWith } from '../helpers/runs.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'

/** Five ways in which a run waits for a person: before an agent, in a tool, behind an output, on an edge, in a member. */
const TEAM = {
  agents: {
    writer: { role: 'You are writer.', tools: ['ask_person'], approve: 'always', review: 'always' },
    boss: { kind: 'human', prompt: 'Ship it?', choices: ['ship', 'hold'] },
  },
  pattern: {
    kind: 'graph',
    start: 'draft',
    nodes: { draft: { agent: 'writer' }, decide: { agent: 'boss' }, done: { end: 'succeeded' } },
    edges: [
      { from: 'draft', to: 'decide', approve: 'always' },
      { from: 'decide', to: 'done' },
    ],
  },
  output: `\${steps.draft.output} \${steps.decide.output}`,
}

const ANSWERS = {
  'May writer do this?': 'approve',
  'Which colour?': 'blue',
  'Is this output of writer good?': 'edit=A blue bridge.',
  'May it go on from': 'approve',
  'Ship it?': 'ship',
}

const writer = (told: string) =>
  told.includes('tool: blue')
    ? 'A bridge.'
    : { calls: [{ tool: 'ask_person', args: { question: 'Which colour?' } }] }

it('a run with five gates, killed behind any event, asks each question exactly once', async () => {
  const { env } = await scripted({ writer })
  const first = await finish(await team(TEAM), { input: { task: 'Paint it.' }, env: { ...env } })
  const { id } = first
  const end = await answerAll({ id, store: first.store, env: { ...env } }, ANSWERS)
  expect(end).toEqual({ state: 'succeeded', output: 'A blue bridge. ship' })
  const events = await first.store.events(id)
  const questions = asked(events).map(({ key }) => key)
  expect(questions).toEqual([
    'draft/approval',
    'draft/turn-1/tool-1/answer',
    'draft/review',
    'draft:decide/approval',
    'decide/answer',
  ])
  const given = await first.store.signals(id, 0)
  for (let kept = 1; kept < events.length; kept += 1) {
    const store = await storeWith(events.slice(0, kept), id)
    for (const { id: _, ...signal } of given) await store.signal(id, signal)
    const resumed = await goOn({ id, store, env: { ...env } })
    const after = await store.events(id)
    const where = `killed behind event ${kept} (${events[kept - 1]?.type})`
    expect(resumed, where).toEqual(end)
    expect(
      asked(after).map(({ key }) => key),
      where,
    ).toEqual(questions)
    expect(
      after.filter(({ type }) => type === 'wait.answered'),
      where,
    ).toHaveLength(5)
  }
})

it('in a rehearsal nobody is asked, and each gate says that it was passed', async () => {
  const { outcome, events } = await finish(await team(TEAM), {
    input: { task: 'Paint it.' },
    rehearsal: true,
  })
  expect(outcome).toMatchObject({ state: 'succeeded', output: expect.stringMatching(/ ship$/) })
  expect(asked(events)).toEqual([])
  const passed = events.filter(event => event.type === 'decision' && event.what === 'gate')
  expect(passed).toHaveLength(3)
})
