import { describe, expect, it } from 'vitest'
import { viewOf } from '../../src/store/view.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'

const LONG = Array.from({ length: 600 }, (_, index) => `fact-${index}`).join(' ')

const print = (text: string) => ({
  kind: 'command',
  run: ['node', '-e', `console.log(${JSON.stringify(text)})`],
  effects: 'pure',
})

/** A search whose long result goes to a writer with these settings. */
async function written(context: object, parts: Parameters<typeof scripted>[0] = {}, more: object = {}) {
  const heard: string[] = []
  const server = await scripted({
    writer: told => {
      heard.push(told)
      return 'Written.'
    },
    ...parts,
  })
  const agents = { search: print(LONG), writer: { role: 'You are writer.', context }, ...more }
  const definition = { agents, pattern: { kind: 'pipeline', stages: ['search', 'writer'] } }
  const { outcome, events } = await finish(await team(definition), {
    input: { task: 'Write about facts.' },
    env: server.env,
  })
  const step = viewOf(events).steps.get('writer')
  const decision = step?.notes.find(note => note.type === 'decision' && note.what === 'compaction')
  return { outcome, told: heard[0] ?? '', step, decision, events }
}

describe('a context packet', () => {
  it('that is too large is cut before the agent is asked, and that is a decision', async () => {
    const { outcome, told, step, decision } = await written({ tokens: 300 })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Written.' })
    expect(told).toMatch(
      /Write about facts\..*From search:\nfact-0 .*\[… \d+ tokens were cut here …\]\n.* fact-599/s,
    )
    expect(decision).toMatchObject({
      reason: expect.stringMatching(
        /^the packet for writer has 1\d{3} tokens of at most 300: the longest pieces/,
      ),
      values: { most: 300, before: { task: 6, knowledge: expect.any(Number) }, after: step?.tokens },
    })
    expect(step?.tokens?.knowledge).toBeLessThan(300)
  })

  it('may lose its oldest knowledge instead', async () => {
    const { told, step } = await written({ tokens: 300, compact: 'drop' })
    expect(told).not.toContain('From search')
    expect(step?.tokens).toEqual({ task: 6 })
  })

  it('may be summed up by an agent', async () => {
    const asked: string[] = []
    const clerk = (told: string) => {
      asked.push(told)
      return 'Facts 0 to 599.'
    }
    const { told, decision, events } = await written(
      { tokens: 300, compact: { by: 'clerk' } },
      { clerk },
      { clerk: { role: 'You are clerk.', context: { tokens: 400, compact: { by: 'writer' } } } },
    )
    expect(told).toContain('From clerk, who summed up search:\nFacts 0 to 599.')
    expect(decision).toMatchObject({ reason: expect.stringContaining('clerk summed the knowledge up') })
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'step.started', key: 'writer-summary', agent: 'clerk' }),
    )
    // Who sums up is handed no more than fits either, and is not waited for in turn.
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatch(/tokens were cut here.*Sum up all .* in \d+ words at the most, for writer/s)
  })

  it('is cut when nobody can sum it up', async () => {
    const fail = { kind: 'command', run: ['node', '-e', 'process.exit(3)'], effects: 'pure' }
    const { told, decision, outcome } = await written(
      { tokens: 300, compact: { by: 'clerk' } },
      {},
      { clerk: fail },
    )
    expect(outcome.state).toBe('succeeded')
    expect(told).toContain('tokens were cut here')
    expect(decision).toMatchObject({ reason: expect.stringMatching(/since clerk gave no summary/) })
  })

  it('that fits is handed over as it is', async () => {
    const { told, decision } = await written({})
    expect(told).toContain(LONG)
    expect(decision).toBeUndefined()
  })

  it('is summed up by an agent of the team only', async () => {
    await expect(written({ compact: { by: 'nobody' } })).rejects.toMatchObject({
      code: 'definition',
      message: expect.stringMatching(/there is no agent "nobody"/),
    })
  })
})
