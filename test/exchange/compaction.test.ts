import { describe, expect, it } from 'vitest'
import { dropOldest, sizeOf, trimLongest } from '../../src/exchange/compaction.ts'
import { countTokens } from '../../src/tokens.ts'

const text = (words: number, word = 'tea') =>
  Array.from({ length: words }, (_, index) => `${word}${index}`).join(' ')
const PACKET = {
  task: 'Write about tea.',
  progress: 'Two searched.',
  knowledge: { old: text(400), short: 'Tea is hot.', new: text(200) },
  constraints: ['Be brief.'],
  current: 'Write it.',
}

describe('dropping', () => {
  it('leaves out the oldest knowledge, and no more than it must', () => {
    const { knowledge, ...rest } = dropOldest(PACKET, 600)
    expect(Object.keys(knowledge ?? {})).toEqual(['short', 'new'])
    expect(rest).toEqual({
      ...rest,
      task: PACKET.task,
      constraints: PACKET.constraints,
      current: PACKET.current,
    })
  })

  it('leaves the task whole when there is nothing else to leave out', () => {
    const long = { task: text(300), knowledge: { a: 'b' }, current: 'Now.' }
    expect(dropOldest(long, 10)).toEqual({ task: long.task, knowledge: {}, current: 'Now.' })
  })
})

describe('trimming', () => {
  it('cuts the longest pieces to the same length, and keeps beginning and end', () => {
    const { knowledge = {}, ...rest } = trimLongest(PACKET, 400)
    expect(sizeOf({ ...rest, knowledge })).toBeLessThanOrEqual(400)
    expect(sizeOf({ ...rest, knowledge })).toBeGreaterThan(350)
    expect(knowledge.short).toBe('Tea is hot.')
    expect(knowledge.old).toMatch(/^tea0 tea1 .*\n\[… \d+ tokens were cut here …\]\n.* tea399$/s)
    expect(knowledge.new).toMatch(/^tea0 .* tea199$/s)
    const lengths = [knowledge.old, knowledge.new].map(piece => countTokens(String(piece)))
    expect(Math.abs((lengths[0] ?? 0) - (lengths[1] ?? 0))).toBeLessThan(4)
  })

  it('cuts between characters, and data as its text', () => {
    const { knowledge = {} } = trimLongest({ task: 'x', knowledge: { data: { tea: '茶'.repeat(900) } } }, 200)
    expect(knowledge.data).toMatch(/^\{\n {2}"tea": "茶+\n\[… \d+ tokens were cut here …\]\n茶+"\n\}$/)
  })

  it('cuts what has been done only when there is no other way', () => {
    const long = { ...PACKET, progress: text(400, 'did') }
    const trimmed = trimLongest(long, 300)
    expect(trimmed.knowledge).toMatchObject({
      old: expect.stringMatching(/^\[… \d+ tokens were cut here …\]$/),
    })
    expect(trimmed.progress).toMatch(/^did0 .* did399$/s)
    expect(trimmed).toMatchObject({ task: long.task, constraints: long.constraints, current: long.current })
  })

  it('changes nothing in a packet that fits', () => {
    expect(trimLongest(PACKET, 100_000)).toEqual(PACKET)
    expect(dropOldest(PACKET, 100_000)).toEqual(PACKET)
  })
})
