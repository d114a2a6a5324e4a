import { describe, expect, it } from 'vitest'
import { decisions, failureOf, play } from '../helpers/play.ts'

const pattern = { kind: 'pipeline', stages: ['ann'] }
const check = [{ that: 'output == "good"' }]
const retry = { attempts: 1 }

describe('a task that was too much', () => {
  it('is made simpler by a template that sees it, and what was wrong', async () => {
    const ann = { check, retry, simplify: 'Just say it.\n${task}\n(${problem})' }
    const parts = { ann: (told: string) => (told.includes('Just say it') ? 'good' : 'bad') }
    const { outcome, events, told } = await play({ pattern, parts, more: { ann } })
    expect(outcome).toEqual({ state: 'succeeded', output: 'good' })
    expect(told[1]).toMatch(/^Just say it\.\nHelp\.\n\(ann gave an output that fails check 1/)
    expect(decisions(events, 'simplify')).toMatchObject([
      { key: 'ann', values: { error: 'check-failed', tokens: { before: 2, after: expect.any(Number) } } },
    ])
  })

  it('is made simpler by an agent, and takes the place of a prompt', async () => {
    const ann = { check, retry, prompt: 'Write a book about ${input.task}', simplify: { by: 'cut' } }
    const parts = {
      ann: (told: string) => (told.includes('Write one line') ? 'good' : 'bad'),
      cut: (told: string) => (told.includes('Write a book about Help.') ? 'Write one line.' : 'What?'),
    }
    const { outcome, events, told } = await play({ pattern, parts, more: { ann } })
    expect(outcome).toEqual({ state: 'succeeded', output: 'good' })
    expect(told.at(-1)).toMatch(/^Write one line\.\n/)
    const keys = events.flatMap(event => (event.type === 'step.started' ? [event.key] : []))
    expect(keys).toEqual(expect.arrayContaining(['ann/simplify', 'ann/simplified', 'ann/simplified/turn-1']))
  })

  it('reaches a program as well', async () => {
    const program = 'process.exit(require("fs").readFileSync(0, "utf8").length > 3 ? 1 : 0)'
    const ann = { kind: 'command', run: ['node', '-e', program], effects: 'pure', simplify: 'ok' }
    const { outcome, events } = await play({ pattern, parts: {}, more: { ann } })
    expect(outcome.state).toBe('succeeded')
    expect(decisions(events, 'simplify')).toHaveLength(1)
  })

  it('is left as it is when the agent that should simplify it cannot', async () => {
    const ann = { check, retry, simplify: { by: 'cut' } }
    const run = await play({ pattern, parts: { ann: ['bad'], cut: ['   '] }, more: { ann, cut: { retry } } })
    const { code, message } = failureOf(run)
    expect(code).toBe('check-failed')
    expect(message).toMatch(/also tried: a simpler task \(\S+\)$/)
  })
})

describe('a failure that no simpler task would mend', () => {
  it('makes no task simpler', async () => {
    const ann = { model: 'gone', simplify: 'Less.', retry }
    const models = { gone: { baseUrl: 'http://127.0.0.1:1/v1', model: 'm' } }
    const run = await play({ pattern, parts: { ann: ['good'] }, more: { ann }, rest: { models } })
    expect(failureOf(run).code).toBe('connection')
    expect(decisions(run.events, 'simplify')).toEqual([])
  })
})
