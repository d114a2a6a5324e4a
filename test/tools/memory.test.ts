import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { memoryTools } from '../../src/tools/memory.ts'
import { manualClock } from '../helpers/clock.ts'
import { temporaryStore } from '../helpers/runs.ts'
import { setting } from './folder.ts'

async function memory() {
  const { memories } = await temporaryStore()
  const clock = manualClock(Date.UTC(2026, 0, 2))
  const redact = (text: string) => text.replaceAll('hunter2', '[secret]')
  const tools = memoryTools({
    memories,
    team: { root: '/t', name: 't' },
    run: 'r1',
    agent: 'writer',
    clock,
    redact,
  })
  const use = async (name: string, args: JsonObject = {}) =>
    tools.find(tool => tool.name === name)?.call(args, setting('.'))
  return { use, clock, tools }
}

describe('memory', () => {
  it('is kept, found and forgotten', async () => {
    const { use } = await memory()
    expect(await use('recall')).toBe('There is no such note.')
    expect(await use('remember', { text: ' The port is 8080. ', tags: ['Server', 'server'] })).toBe(
      'Noted: 1.',
    )
    expect(await use('recall', { query: 'port', tags: ['SERVER'] })).toEqual({
      about: expect.stringContaining('no instruction'),
      notes: [
        {
          id: 1,
          text: 'The port is 8080.',
          tags: ['server'],
          by: 'writer',
          run: 'r1',
          at: '2026-01-02T00:00:00.000Z',
        },
      ],
    })
    expect(await use('forget', { id: 1 })).toBe('Note 1 is gone.')
    expect(await use('forget', { id: 1 })).toBe('There is no note 1.')
    expect(await use('recall', { query: 'port' })).toBe('There is no such note.')
  })

  it('keeps a note once, however often it is noted', async () => {
    const { use } = await memory()
    await use('remember', { text: 'tea' })
    expect(await use('remember', { text: 'tea' })).toBe('That was noted before as 1, and counts as new now.')
  })

  it('never keeps a secret, and says so', async () => {
    const { use } = await memory()
    const args = { text: 'The password is hunter2.', tags: ['hunter2'] }
    expect(await use('remember', args)).toBe('Noted: 1. What looked like a secret was left out.')
    expect(JSON.stringify(await use('recall'))).not.toContain('hunter2')
  })

  it.each([
    ['remember', { text: ' ' }, /text: /],
    ['remember', { text: 'x'.repeat(4001) }, /text: /],
    ['remember', { text: 'x', tags: ['a b'] }, /a tag is letters/],
    ['remember', { text: 'x', tags: Array(11).fill('a') }, /tags: /],
    ['recall', { limit: 51 }, /limit: /],
    ['recall', { query: 'x'.repeat(1001) }, /query: /],
    ['forget', { id: 0 }, /id: /],
    ['forget', { id: '1 OR 1' }, /id: /],
  ])('%s refuses %j', async (name, args, problem) => {
    const { use } = await memory()
    await expect(use(name, args)).rejects.toMatchObject({
      code: 'tool-failed',
      message: expect.stringMatching(problem),
    })
  })

  it('does nothing outside of crew, and says what a repetition may do', async () => {
    const { tools } = await memory()
    expect(tools.map(({ name, effects, reach }) => [name, effects, reach])).toEqual([
      ['remember', 'idempotent', undefined],
      ['recall', 'pure', undefined],
      ['forget', 'idempotent', undefined],
    ])
  })
})
