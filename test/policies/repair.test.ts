import { describe, expect, it } from 'vitest'
import { resume } from '../../src/app.ts'
import { decisions, failureOf, type Play, play, playOn } from '../helpers/play.ts'
import { storeWith } from '../helpers/runs.ts'
import { scripted } from '../helpers/scripted.ts'

const pattern = { kind: 'pipeline', stages: ['ann'] }
const check = [{ that: 'output == "good"' }]
const each = { retry: { attempts: 1 } }
const setup = (parts: Play['parts'], more: Partial<Play> = {}): Play => ({
  pattern,
  parts,
  each,
  more: { ann: { check } },
  rest: { repair: { by: 'medic' } },
  ...more,
})

describe('an agent that repairs', () => {
  it('is told what failed, and has the same agent do another task', async () => {
    const plan = { action: 'retry', task: 'Say good.', why: 'It was not clear.' }
    const parts = {
      ann: (told: string) => (told.includes('Say good.') ? 'good' : 'bad'),
      medic: [plan],
      ben: ['x'],
    }
    const { outcome, events, told } = await play(setup(parts))
    expect(outcome).toEqual({ state: 'succeeded', output: 'good' })
    for (const part of [
      'Who failed: ann',
      'The task:\nHelp.',
      'it must hold that',
      'The last answer:\nbad',
      '- ben',
    ])
      expect(told[1]).toContain(part)
    expect(decisions(events, 'repair')).toMatchObject([
      {
        key: 'ann',
        reason: 'It was not clear.',
        values: { by: 'medic', action: 'retry', task: { before: 'Help.', after: 'Say good.' } },
      },
    ])
  })

  it('has another agent do it', async () => {
    const parts = {
      ann: ['bad'],
      medic: [{ action: 'reassign', agent: 'ben', why: 'Ben can.' }],
      ben: ['good'],
    }
    const { outcome, events } = await play(setup(parts))
    expect(outcome).toEqual({ state: 'succeeded', output: 'good' })
    expect(decisions(events, 'repair')).toMatchObject([
      { values: { agent: { before: 'ann', after: 'ben' } } },
    ])
  })

  it('has the others go on with what there is', async () => {
    const parts = { ann: ['half'], medic: [{ action: 'skip', why: 'It will do.' }] }
    const { outcome } = await play(setup(parts))
    expect(outcome).toEqual({ state: 'succeeded', output: expect.stringMatching(/^\[PARTIAL: .*\]\nhalf$/) })
  })

  it('gives up, and is not asked again about the same', async () => {
    const parts = { ann: ['bad'], medic: [{ action: 'give-up', why: 'Nobody can.' }] }
    const run = await play(setup(parts, { rest: { repair: { by: 'medic', attempts: 3 } } }))
    expect(failureOf(run).message).toMatch(/also tried: repair by medic \(halted\)$/)
    expect(decisions(run.events, 'repair')).toHaveLength(1)
  })

  it('is asked again when its plan cannot be followed', async () => {
    const parts = {
      ann: ['bad'],
      ben: ['good'],
      medic: [
        { action: 'reassign', why: 'Somebody else.' },
        { action: 'reassign', agent: 'ben', why: 'Ben.' },
      ],
    }
    const more = { ann: { check }, medic: { retry: { attempts: 2, backoff: '1ms' } } }
    const { outcome } = await play(setup(parts, { more }))
    expect(outcome).toEqual({ state: 'succeeded', output: 'good' })
  })

  it('is not repaired itself', async () => {
    const run = await play(setup({ ann: ['bad'], medic: ['no plan'] }))
    expect(failureOf(run)).toMatchObject({ code: 'check-failed' })
    expect(run.server.received).toHaveLength(2)
  })
})

describe('the repairs of a run', () => {
  const stages = ['a', 'b'].map(name => ({ agent: 'ann', name, onFailure: 'continue' }))
  const parts = { ann: ['bad'], medic: [{ action: 'retry', task: 'Again.', why: 'Perhaps.' }] }
  const bounded = setup(parts, {
    pattern: { kind: 'pipeline', stages: [...stages, 'ben'] },
    rest: { repair: { by: 'medic', total: 1 } },
  })

  it('are bounded', async () => {
    const { events } = await play(
      setup({ ...parts, ben: ['x'] }, { ...bounded, parts: { ...parts, ben: ['x'] } }),
    )
    const made = decisions(events, 'repair').map(({ key, values }) => [key, values?.action])
    expect(made).toEqual([
      ['a', 'retry'],
      ['b', 'none'],
    ])
  })

  it('are as many when the run is killed behind any event and resumed', async () => {
    const run = await play(setup(parts, { ...bounded, parts: { ...parts, ben: ['x'] } }))
    for (let kept = 1; kept < run.events.length; kept += 1) {
      const before = run.events.slice(0, kept)
      const store = await storeWith(before, run.id)
      const { env } = await scripted({ ...parts, ben: ['x'] })
      const surroundings = {
        store,
        env: { ...env },
        interrupt: new AbortController().signal,
        onEvent: () => {},
      }
      expect(await resume(run.id, before, {}, surroundings), `killed behind ${kept}`).toEqual(run.outcome)
      expect(decisions(await store.events(run.id), 'repair')).toHaveLength(2)
    }
  })

  it('go on from their plan when the run failed nevertheless and is resumed', async () => {
    const run = await play(setup(parts))
    expect(failureOf(run).code).toBe('check-failed')
    const healed = {
      ann: (told: string) => (told.includes('Again.') ? 'good' : 'bad'),
      medic: ['never asked'],
    }
    expect(await playOn(run, healed)).toEqual({ state: 'succeeded', output: 'good' })
  })
})
