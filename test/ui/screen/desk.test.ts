import { describe, expect, it } from 'vitest'
import { CrewError } from '../../../src/errors.ts'
import type { Json } from '../../../src/json.ts'
import type { Question } from '../../../src/store/questions.ts'
import type { Controls } from '../../../src/ui/screen/controls.ts'
import { createDesk } from '../../../src/ui/screen/desk.ts'
import { Feed, type Row } from '../../../src/ui/screen/feed.ts'
import type { View } from '../../../src/ui/screen/view.ts'
import { manualClock } from '../../helpers/clock.ts'

const gate = (name: string): Question => ({
  question: `May ${name}?`,
  gate: 'output',
  choices: ['approve', 'edit=TEXT', 'reject=REASON'],
  editable: { n: 1 },
  key: `${name}/review`,
  openedAt: 1,
  number: 1,
  saw: '',
})

/** A desk at which `asked` is open, and what was told to the run from there. */
function deskWith(asked: Question[], editor?: (value: Json, text: string) => Promise<string>) {
  const clock = manualClock()
  const feed = new Feed(clock)
  Object.defineProperty(feed, 'questions', { get: () => asked })
  const told: string[] = []
  const tell =
    (verb: string) =>
    async (...words: unknown[]) =>
      void told.push([verb, ...words].join(' ').trim())
  const refusals = new Set<string>()
  const controls: Controls = {
    answer: async ({ key }, words) => {
      if (refusals.has(words)) throw new CrewError('usage', `${words} does not fit`)
      told.push(`${key} ${words}`)
    },
    pause: tell('pause'),
    cancel: tell('cancel'),
    tell: tell('tell'),
  }
  const view: View = { key: 'o', title: 'overview', keys: [], draw: () => null }
  const desk = createDesk({
    feed,
    controls,
    editor,
    clock,
    views: [view],
    page: undefined,
    help: () => ({ ...view, key: '?' }),
    quit: () => told.push('quit'),
  })
  const settled = () => new Promise(resolve => setImmediate(resolve))
  const press = async (...names: string[]) => {
    for (const name of names) {
      desk.press({ name, text: name.length === 1 ? name : '', raw: name })
      await settled()
    }
  }
  return { desk, feed, clock, told, refusals, press }
}

describe('the desk', () => {
  it('takes a key that is held down for one decision, and not for one about a question that nobody has read', async () => {
    const { clock, told, press, desk } = deskWith([gate('one'), gate('two')])
    await press('a', 'a', 'a', 'a')
    expect(told).toEqual(['one/review approve'])
    expect(desk.question?.key).toBe('two/review')
    clock.advance(200)
    await press('a')
    expect(told).toEqual(['one/review approve', 'two/review approve'])
  })

  it('keeps what was written in the editor until it fits', async () => {
    const begins: string[] = []
    const { told, refusals, press, desk } = deskWith([gate('one')], async (_, text) => {
      begins.push(text)
      return begins.length === 1 ? '{"n": 2' : '{"n": 2}'
    })
    refusals.add('edit={"n": 2')
    await press('a', 'e')
    expect(desk.note).toBe('edit={"n": 2 does not fit')
    expect(told).toEqual([])
    await press('e')
    expect(begins).toEqual(['{\n  "n": 1\n}', '{"n": 2'])
    expect(told).toEqual(['one/review edit={"n":2}'])
  })

  it('decides nothing with what is written to an agent while a question opens, nor with what is pasted', async () => {
    const asked: Question[] = []
    const { told, press, feed } = deskWith(asked)
    feed.rows.set('one', { key: 'one', agent: 'one', step: { state: 'running' } } as Row)
    await press('w', 'a')
    asked.push(gate('one'))
    await press('a', 'r', 'enter')
    expect(told).toEqual(['tell one aar'])
    await press('a', 'paste')
    expect(told).toHaveLength(1)
    await press('a')
    expect(told).toEqual(['tell one aar', 'one/review approve'])
  })
})
