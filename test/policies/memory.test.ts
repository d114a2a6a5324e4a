import { describe, expect, it } from 'vitest'
import { latest, toldOf } from '../../src/policies/memory.ts'
import type { Event } from '../../src/store/events.ts'
import { decisions, failureOf, play, playOn } from '../helpers/play.ts'
import { storeWith } from '../helpers/runs.ts'

const pattern = { kind: 'pipeline', stages: ['ann'] }
const looking = (path: string) => ({ calls: [{ tool: 'list_files', args: { path } }] })
const strict = { tools: ['list_files'], retry: { backoff: '1ms' }, check: [{ that: 'output == "right"' }] }
const users = (all: string) => all.split('\n\n').filter(part => part.startsWith('user:'))

describe('an attempt', () => {
  it('is told what the one before it did, and what was wrong with its answer', async () => {
    const told: string[] = []
    const lines = [looking('.'), 'wrong', 'right']
    const ann = (all: string) => {
      told.push(all)
      return lines[told.length - 1] ?? ''
    }
    const { outcome } = await play({ pattern, more: { ann: strict }, parts: { ann } })
    expect(outcome).toEqual({ state: 'succeeded', output: 'right' })
    expect(told[0]).not.toMatch(/tried before/)
    expect(told[2]).toMatch(/- ann used list_files \{"path":"\."\} → .*team\.json/)
    expect(users(told[2] ?? '').at(-1)).toMatch(/That answer was not accepted: .*it must hold that output/)
  })

  it('is told nothing where nothing was done: a failure of the line is no news to a model', async () => {
    const { told } = await play({ pattern, more: { ann: strict }, parts: { ann: ['', 'right'] } })
    expect(told).toEqual(['Help.', 'Help.'])
  })

  it('of another agent is told all of it, also by a run that was killed and resumed', async () => {
    const more = { ann: { ...strict, fallback: ['ben'] } }
    const seen: string[] = []
    const ben = (all: string) => {
      seen.push(all)
      return 'right'
    }
    const parts = { ann: [looking('.'), 'one', looking('none'), 'two', 'three'], ben }
    const { id, outcome, events } = await play({ pattern, more, parts })
    expect(outcome).toMatchObject({ output: 'right' })
    const [told = ''] = seen
    expect(told).toMatch(
      /- ann used list_files .*\n- ann used list_files .*none.*\n- ann answered "one", which was not/,
    )
    expect(told).toMatch(/- ann answered "two".*\n- ann answered "three".*\nDo not do the same again/s)
    for (let kept = 1; kept < events.length; kept += 1) {
      seen.length = 0
      const again = { ann: parts.ann.slice(turnsIn(events.slice(0, kept), 'ann')), ben }
      const resumed = await playOn({ id, store: await storeWith(events.slice(0, kept), id) }, again)
      expect(resumed, `killed behind event ${kept}`).toEqual(outcome)
      if (seen.length > 0) expect(seen[0], `killed behind event ${kept}`).toBe(told)
    }
  })

  it('of a program is told in its feedback, and a text goes to it as it is', async () => {
    const echo = { kind: 'command', run: ['cat'], effects: 'pure' }
    const ending = (more: object) => ({
      ann: { ...strict, retry: { attempts: 1 }, fallback: ['cat'] },
      cat: more,
    })
    const parts = { ann: [looking('.'), 'wrong'] }
    const json = await play({ pattern, more: ending({ ...echo, stdin: 'json' }), parts })
    if (json.outcome.state !== 'succeeded') throw new Error('it ended badly')
    expect(JSON.parse(String(json.outcome.output)).feedback).toEqual([
      { tried: expect.stringMatching(/^ann used list_files/) },
      { tried: expect.stringMatching(/^ann answered "wrong", which was not accepted/) },
    ])
    const text = await play({ pattern, more: ending(echo), parts })
    expect(text.outcome).toEqual({ state: 'succeeded', output: 'Help.' })
  })
})

/** How many turns of an agent are recorded. */
function turnsIn(events: readonly Event[], agent: string): number {
  const isTurn = (key: string) => key.split('/')[0] === agent && /turn-\d+$/.test(key)
  return events.filter(event => event.type === 'step.succeeded' && isTurn(event.key)).length
}

describe('the same answer, which was not accepted', () => {
  const setup = { pattern, more: { ann: { ...strict, retry: { attempts: 6, backoff: '1ms' } } } }

  it('is not asked for a third time, and the failure says what is wrong with it', async () => {
    const run = await play({ ...setup, parts: { ann: ['wrong'] } })
    expect(failureOf(run)).toMatchObject({ code: 'check-failed', details: { attempts: 2, answer: 'wrong' } })
    expect(run.server.received).toHaveLength(2)
    expect(decisions(run.events, 'repetition')).toMatchObject([
      { key: 'ann', values: { attempt: 2, allowed: 6 } },
    ])
  })

  it('is asked for once more by whoever resumes the run', async () => {
    const run = await play({ ...setup, parts: { ann: ['wrong'] } })
    expect(await playOn(run, { ann: ['right'] })).toEqual({ state: 'succeeded', output: 'right' })
  })

  it('is no reason to end when the answers differ', async () => {
    const { outcome } = await play({ ...setup, parts: { ann: ['a', 'b', 'c', 'd', 'e', 'right'] } })
    expect(outcome).toMatchObject({ state: 'succeeded' })
  })
})

describe('what is remembered', () => {
  it('is what was last, each once, as much as 1,500 characters take', () => {
    expect(latest(['a', 'b', 'a'])).toEqual(['a', 'b'])
    const lines = Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(100, '.'))
    expect(latest(lines)).toEqual(lines.slice(-15))
    expect(toldOf([])).toBe('')
  })
})
