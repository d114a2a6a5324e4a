import { describe, expect, it } from 'vitest'
import { unfoundedClaims } from '../../src/agents/claims.ts'
import { cpuTime } from '../helpers/cpu.ts'
import { decisions, play } from '../helpers/play.ts'

const found = (answer: string) =>
  unfoundedClaims(answer, ['read_file', 'search_files']).map(({ tool }) => tool)

describe('an answer that says a tool was used which was not', () => {
  it.each([
    ['I used read_file to look at it.', ['read_file']],
    ['First I have called `search_files`, then read_file.', ['read_file', 'search_files']],
    ['We ran search_files on the whole folder.', ['search_files']],
    ['{"name": "read_file", "arguments": {"path": "a"}}', ['read_file']],
  ])('is found: %s', (answer, tools) => {
    expect(found(answer)).toEqual(tools)
  })

  it.each([
    'You can use read_file to look at it.',
    'I did not use read_file.',
    "I couldn't have used read_file for that.",
    'I never called search_files.',
    'read_file and search_files are the tools that I have.',
    'I used my head. Then read_file came to mind.',
    'The function is called read_file.',
    '{"name": "read_file"}',
  ])('is not found where it is not said: %s', answer => {
    expect(found(answer)).toEqual([])
  })

  it('is searched in no time, whatever it is', () => {
    const began = cpuTime()
    found(`${'I used '.repeat(50_000)}"name":"read_file"${'{"name":'.repeat(20_000)}`)
    expect(cpuTime() - began).toBeLessThan(1000)
  })
})

describe('in a run', () => {
  const pattern = { kind: 'pipeline', stages: ['ann'] }
  const more = { ann: { tools: ['list_files'] } }
  const claim = 'I used list_files, and all is there.'

  it('it is pointed out, and the answer stands', async () => {
    const { outcome, events } = await play({ pattern, more, parts: { ann: [claim] } })
    expect(outcome).toEqual({ state: 'succeeded', output: claim })
    expect(decisions(events, 'unfounded-claim')).toMatchObject([
      {
        key: 'ann',
        reason: 'ann says that it used list_files, and never did: "I used list_files"',
        values: { tool: 'list_files' },
      },
    ])
  })

  it('nothing is pointed out when the tool was used, be it in an attempt before', async () => {
    const use = { calls: [{ tool: 'list_files', args: {} }] }
    const again = { ...more.ann, check: [{ that: 'output != "no"' }], retry: { backoff: '1ms' } }
    const first = await play({ pattern, more, parts: { ann: [use, claim] } })
    const second = await play({ pattern, more: { ann: again }, parts: { ann: [use, 'no', claim] } })
    for (const { outcome, events } of [first, second]) {
      expect(outcome).toEqual({ state: 'succeeded', output: claim })
      expect(decisions(events, 'unfounded-claim')).toEqual([])
    }
  })
})
