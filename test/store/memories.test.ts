import { join } from 'node:path'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { connect } from '../../src/store/connection.ts'
import { createMemories } from '../../src/store/memories.ts'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/sqlite.ts'
import { temporaryFolder, temporaryStore } from '../helpers/runs.ts'

const TEAM = { root: '/teams', name: 'research' }

const note = (text: string, more: { tags?: readonly string[]; at?: number; run?: string } = {}) => ({
  text,
  tags: [],
  agent: 'writer',
  run: 'run1',
  at: 1000,
  ...more,
})

async function withNotes(...notes: readonly Parameters<typeof note>[]) {
  const { memories } = await temporaryStore()
  for (const one of notes) await memories.keep(TEAM, note(...one))
  const texts = async (words: string, more: { tags?: readonly string[]; limit?: number } = {}) =>
    (await memories.find(TEAM, { words, limit: 10, ...more })).map(({ text }) => text)
  return { memories, texts }
}

describe('what is remembered', () => {
  it('is found with who wrote it, when, and in which run', async () => {
    const { memories } = await withNotes(['The key is under the mat.', { tags: ['house'] }])
    expect(await memories.find(TEAM, { words: 'mat', limit: 1 })).toEqual([
      { id: 1, text: 'The key is under the mat.', tags: ['house'], agent: 'writer', run: 'run1', at: 1000 },
    ])
  })

  it('lasts when the store is closed', async () => {
    const file = join(temporaryFolder(), 'crew.db')
    const first = await openStore(file, systemClock)
    await first.memories.keep(TEAM, note('tea'))
    await first.close()
    const { memories } = await temporaryStore(file)
    expect(await memories.find(TEAM, { words: 'tea', limit: 1 })).toHaveLength(1)
  })

  it('is there in a store of an earlier crew', async () => {
    const file = join(temporaryFolder(), 'crew.db')
    const database = new Database(file)
    const index = MIGRATIONS.findIndex(migration => migration.includes('CREATE TABLE memories'))
    for (const migration of MIGRATIONS.slice(0, index)) database.exec(migration)
    database.pragma(`application_id = ${0x63726577}`)
    database.pragma(`user_version = ${index}`)
    database.close()
    const { memories } = await temporaryStore(file)
    expect(await memories.keep(TEAM, note('tea'))).toEqual({ id: 1, isNew: true })
  })

  it('is found by any word, best first, whatever its case and accents', async () => {
    const { texts } = await withNotes(
      ['Crème brûlée is a dessert with a long story of cream and sugar.'],
      ['Dessert: creme brulee'],
      ['Tea'],
    )
    expect(await texts('CREME')).toEqual(['Dessert: creme brulee', expect.stringContaining('Crème')])
    expect(await texts('tea or a dessert')).toHaveLength(3)
    expect(await texts('coffee')).toEqual([])
  })

  it('is found by its tags, and by words of its tags', async () => {
    const { texts } = await withNotes(['a', { tags: ['food', 'sweet'] }], ['b', { tags: ['food'] }])
    expect(await texts('', { tags: ['food'] })).toEqual(['b', 'a'])
    expect(await texts('', { tags: ['sweet', 'food'] })).toEqual(['a'])
    expect(await texts('sweet')).toEqual(['a'])
    expect(await texts('b', { tags: ['sweet'] })).toEqual([])
  })

  it('is found in what is written without spaces', async () => {
    const { texts } = await withNotes(['会議は月曜日です'], ['50% off'])
    expect(await texts('月曜日')).toEqual(['会議は月曜日です'])
    expect(await texts('%')).toEqual(['50% off'])
  })

  it('comes newest first when nothing is asked for', async () => {
    const { texts } = await withNotes(['old', { at: 1 }], ['new', { at: 3 }], ['middle', { at: 2 }])
    expect(await texts('')).toEqual(['new', 'middle', 'old'])
    expect(await texts(' \n', { limit: 1 })).toEqual(['new'])
  })

  it('is one note when it is noted twice, as new as the second time', async () => {
    const { memories, texts } = await withNotes(['tea', { at: 1, tags: ['old'] }], ['milk', { at: 2 }])
    expect(await memories.keep(TEAM, note('tea', { at: 3, run: 'run2', tags: ['new'] }))).toEqual({
      id: 1,
      isNew: false,
    })
    expect(await texts('')).toEqual(['tea', 'milk'])
    expect(await texts('old')).toEqual([])
    expect(await memories.find(TEAM, { words: 'new', limit: 9 })).toMatchObject([
      { run: 'run2', tags: ['new'] },
    ])
  })

  it('is gone when it is forgotten, from the index as well', async () => {
    const { memories, texts } = await withNotes(['tea'], ['milk'])
    expect(await memories.forget(TEAM, 1)).toBe(true)
    expect(await memories.forget(TEAM, 1)).toBe(false)
    expect(await texts('tea')).toEqual([])
    expect(await memories.keep(TEAM, note('tea'))).toEqual({ id: 3, isNew: true })
  })

  it('belongs to one team', async () => {
    const { memories } = await withNotes(['tea'])
    for (const other of [
      { ...TEAM, name: 'other' },
      { ...TEAM, root: '/elsewhere' },
    ]) {
      expect(await memories.find(other, { words: 'tea', limit: 9 })).toEqual([])
      expect(await memories.find(other, { limit: 9 })).toEqual([])
      expect(await memories.forget(other, 1)).toBe(false)
      expect(await memories.keep(other, note('tea'))).toMatchObject({ isNew: true })
    }
  })

  it('is no more than so many notes of a team: the oldest go', async () => {
    const connection = await connect(join(temporaryFolder(), 'crew.db'), systemClock)
    onTestFinished(() => void connection.database.close())
    const memories = createMemories(connection, 2)
    await memories.keep({ ...TEAM, name: 'other' }, note('theirs', { at: 0 }))
    for (const at of [1, 2, 3]) await memories.keep(TEAM, note(`note ${at}`, { at }))
    expect(await memories.find(TEAM, { words: 'note', limit: 9 })).toHaveLength(2)
    expect((await memories.find(TEAM, { limit: 9 })).map(({ text }) => text)).toEqual(['note 3', 'note 2'])
    expect(await memories.find({ ...TEAM, name: 'other' }, { limit: 9 })).toHaveLength(1)
  })

  it('is not found, nor lost, by syntax in a question', async () => {
    const { memories, texts } = await withNotes(['tea NEAR water'])
    const hostile = [
      '"',
      '*',
      'tea*',
      'NOT tea',
      'text:tea',
      '{text tags}:tea',
      'NEAR(tea water)',
      "'; DROP TABLE memories; --",
    ]
    for (const words of [...hostile, '^tea', '(tea', 'tea AND', '-tea', '\0tea', '\ud800', '\u0301', '٣'])
      expect(Array.isArray(await texts(words))).toBe(true)
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async words => {
        await memories.find(TEAM, { words, tags: [words], limit: 3 })
      }),
      { numRuns: 300 },
    )
    expect(await texts('tea')).toEqual(['tea NEAR water'])
    expect(await texts('NOT tea')).toEqual(['tea NEAR water'])
  })
})
