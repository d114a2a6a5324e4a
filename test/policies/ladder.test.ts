import { describe, expect, it } from 'vitest'
import { complaints, decisions, failureOf, invocations, play, playOn } from '../helpers/play.ts'

const pattern = { kind: 'pipeline', stages: ['ann'] }
const check = [{ that: 'output == "good"' }]
const retry = { attempts: 2, backoff: '1ms' }
const ann = { check, retry, fallback: ['ben'], simplify: 'Only this: ${task}' }
const told = (simple: string) => (words: string) => (words.includes('Only this') ? simple : 'bad')

describe('the ladder', () => {
  it('is climbed in the usual order when nothing else is said', async () => {
    const parts = { ann: ['bad', 'worse', 'awful', 'ghastly'], ben: ['good'] }
    const { outcome, events } = await play({ pattern, parts, more: { ann } })
    expect(outcome).toEqual({ state: 'succeeded', output: 'good' })
    const decided = events.flatMap(event => (event.type === 'decision' ? [event.what] : []))
    expect(decided).toEqual(['retry', 'simplify', 'retry', 'fallback'])
  })

  it('is climbed in the order of the file, the first rung first', async () => {
    const parts = { ann: told('good'), ben: ['bad'] }
    const order = { ...ann, ladder: ['agent', 'simplify'] }
    const ben = { check, retry }
    const { outcome, events } = await play({ pattern, parts, more: { ann: order, ben } })
    expect(outcome).toEqual({ state: 'succeeded', output: 'good' })
    expect(invocations(events)).toEqual(['ann', 'ann/fallback/ben'])
    const decided = decisions(events, 'simplify').length + decisions(events, 'fallback').length
    expect(decided).toBe(2)
    expect(decisions(events, 'retry').every(({ key }) => key.includes('ben'))).toBe(true)
  })

  it('tries nothing where it has no rungs', async () => {
    const run = await play({
      pattern,
      parts: { ann: ['bad'], ben: ['good'] },
      more: { ann: { ...ann, ladder: [] } },
    })
    expect(failureOf(run)).toMatchObject({ code: 'check-failed' })
    expect(run.server.received).toHaveLength(1)
  })

  it('ends with what went wrong first, what was tried since, and how that ended', async () => {
    const refusal = { kind: 'command', run: ['false'], effects: 'pure' }
    const parts = { ann: ['a', 'b', 'c', 'd'] }
    const run = await play({ pattern, parts, more: { ann, ben: refusal } })
    const { code, message } = failureOf(run)
    expect(code).toBe('check-failed')
    expect(message).toMatch(
      /tried 2 times\); also tried: a simpler task \(check-failed\), agent ben \(command-failed\)$/,
    )
    expect(decisions(run.events, 'halt')).toMatchObject([{ key: 'ann', values: { error: 'check-failed' } }])
  })

  it('has each of the others do it once, though the agent, the pattern and the defaults name the same', async () => {
    const run = await play({
      pattern: { kind: 'pipeline', stages: [{ agent: 'ann', fallback: 'ben' }] },
      parts: { ann: ['bad'], ben: ['bad'] },
      more: { ann: { check, fallback: ['ben'] }, ben: { check } },
      rest: { defaults: { retry: { attempts: 1 }, fallback: ['ben', 'ben'] } },
    })
    expect(failureOf(run)).toMatchObject({ code: 'check-failed' })
    expect(decisions(run.events, 'fallback')).toHaveLength(1)
  })

  it('tells each who tries next what was done in vain', async () => {
    const parts = { ann: ['one', 'two'], ben: ['good'] }
    const { told } = await play({ pattern, parts, more: { ann: { check, retry, fallback: ['ben'] } } })
    expect(told.at(-1)).toContain('ann answered "two", which was not accepted')
  })

  it('is climbed anew when the run is resumed after it did not help', async () => {
    const parts = { ann: ['bad', 'worse'], ben: ['bad', 'worse'] }
    const run = await play({
      pattern,
      parts,
      more: { ann: { check, retry, fallback: ['ben'] }, ben: { check, retry } },
    })
    expect(failureOf(run).code).toBe('check-failed')
    const healed = { ann: ['still bad', 'still worse'], ben: ['good'] }
    expect(await playOn(run, healed)).toEqual({ state: 'succeeded', output: 'good' })
  })
})

describe('a team file', () => {
  const agents = (more: object) => ({ ann: { role: 'You are ann.', ...more }, ben: { role: 'You are ben.' } })
  const wrong = (more: object, rest?: object) =>
    complaints(agents(more), { kind: 'pipeline', stages: ['ann', 'ben'] }, rest)

  it('names no rung twice', async () => {
    expect(await wrong({ ladder: ['retry', 'agent', 'retry'] })).toEqual(['"retry" stands here twice'])
  })

  it('is warned of what the ladder leaves out', async () => {
    expect(await wrong({ ladder: ['retry'], fallback: ['ben'], simplify: 'Less.' })).toEqual([
      'this is never used: the ladder of "ann" leaves out agent',
      'this is never used: the ladder of "ann" leaves out simplify',
    ])
  })

  it('is warned of fallbacks of its pattern that the ladder leaves out', async () => {
    const stages = [{ agent: 'ann', fallback: 'ben' }, 'ben']
    expect(await complaints(agents({ ladder: ['retry'] }), { kind: 'pipeline', stages })).toEqual([
      'this is never used: the ladder of "ann" leaves out agent',
    ])
  })

  it('names agents that exist', async () => {
    expect(await wrong({ simplify: { by: 'bem' } }, { repair: { by: 'bem' } })).toEqual([
      'there is no agent "bem"',
      'there is no agent "bem"',
    ])
  })

  it('says once for all agents what each does not say itself', async () => {
    const parts = { ann: ['bad', 'good'], ben: ['bad', 'good'] }
    const run = await play({
      pattern: { kind: 'parallel', branches: ['ann', 'ben'], onFailure: 'continue' },
      parts,
      more: { ben: { retry: { attempts: 1 }, check }, ann: { check }, boss: { kind: 'human' } },
      rest: { defaults: { retry, timeout: { total: '5s' }, breaker: false, cache: '1h' } },
    })
    expect(run.outcome).toEqual({ state: 'succeeded', output: { ann: 'good' } })
  })

  it('names those who help once, and nobody as a help for themselves, save in the defaults', async () => {
    expect(await wrong({ fallback: ['ann', 'ben', 'ben'], simplify: { by: 'ann' } })).toEqual([
      '"ann" cannot stand in for itself',
      '"ben" stands here twice',
      '"ann" cannot be asked for a simpler task while it waits for one',
    ])
    expect(await wrong({}, { defaults: { fallback: ['ben'], simplify: { by: 'ben' } } })).toEqual([])
  })

  it('is told what is wrong with what can also be switched off', async () => {
    expect(await wrong({ breaker: { failures: 1, cooldown: '0s', failure: 2 }, cache: -1 })).toEqual([
      '"-1" is not a duration; write it like 500ms, 60s or 10m',
      '"0s" is not a duration; write it like 500ms, 60s or 10m',
      'there is no key "failure" here',
    ])
    expect(await wrong({ breaker: true })).toEqual(['expected false or a map, found true'])
  })

  it('is told where a default is wrong', async () => {
    expect(await wrong({}, { defaults: { fallback: ['bem'], simplify: '${nothing}' } })).toEqual([
      'there is no agent "bem"',
      expect.stringContaining('there is no "nothing"'),
    ])
  })
})
