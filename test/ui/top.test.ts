import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { loadRows } from '../../src/commands/top.ts'
import { openStore } from '../../src/store/sqlite.ts'
import type { RunRow } from '../../src/store/store.ts'
import { TopModel } from '../../src/ui/top/model.ts'
import type { TopRow } from '../../src/ui/top/rows.ts'
import { cpuTime } from '../helpers/cpu.ts'
import { began } from '../helpers/history.ts'
import { temporaryFolder, temporaryStore } from '../helpers/runs.ts'

const NOW = 1_700_000_000_000
const OWNER = { host: 'here', pid: 1 }
const style = new Chalk({ level: 0 })
const SIZE = { columns: 80, rows: 14 }

function row(id: string, more: Partial<RunRow>, glance?: TopRow['glance']): TopRow {
  const known = { id, team: 'news', path: '', rehearsal: false, tokens: 0, usd: 0, unpriced: false }
  const run: RunRow = { ...known, state: 'succeeded', createdAt: NOW - 60_000, updatedAt: NOW, ...more }
  return { run, ...(glance && { glance }) }
}

const ROWS = [
  row('done', {}),
  row(
    'busy',
    { state: 'running', owner: OWNER, team: 'weather' },
    { atWork: ['ann', 'ben'], questions: [], answered: 0 },
  ),
  row('broken', { state: 'failed', stop: 'limit-budget' }),
  row('stopped', { state: 'interrupted' }),
  row(
    'asks',
    { state: 'waiting' },
    {
      atWork: [],
      questions: [{ key: 'boss/answer', agent: 'boss', question: 'Send \u001b[2Jit?', openedAt: NOW }],
      answered: 0,
    },
  ),
]

function model(): TopModel {
  const top = new TopModel()
  top.show(ROWS, NOW)
  return top
}
const ids = (top: TopModel) => top.rows.map(({ run }) => run.id)
const press = (top: TopModel, ...names: string[]) =>
  names.map(name => top.take(name, name.length === 1 ? name : '', SIZE)).at(-1)

describe('the list of all runs', () => {
  it('has those first that need somebody, then those at work', () => {
    const top = model()
    expect(ids(top)).toEqual(['asks', 'stopped', 'busy', 'done', 'broken'])
    const lines = top.lines(SIZE, { style, now: NOW })
    expect(lines).toHaveLength(SIZE.rows)
    expect(lines.every(line => line.length <= SIZE.columns)).toBe(true)
    expect(lines[0]).toMatch(/1 running, 2 need somebody +5 runs/)
    expect(lines[3]).toMatch(/^› asks +news +waiting +1m +– {2}boss asks: Send it\?$/)
    expect(lines[5]).toMatch(/busy +weather +running .*ann, ben$/)
    expect(lines.at(-2)).toBe(' asks: boss asks: Send it?')
  })

  it('names in a narrow terminal as many keys as fit, whole, and among them how to leave', () => {
    const keys = model().lines({ columns: 60, rows: 15 }, { style, now: NOW }).at(-1)
    expect(keys).toBe(' ↑↓ choose  Enter open  q quit  / find  s state  t team')
  })

  it('is filtered by state, by team and by text, and keeps who was chosen', () => {
    const top = model()
    press(top, 's')
    expect(ids(top)).toEqual(['busy'])
    press(top, 'escape', 't', 't')
    expect(ids(top)).toEqual(['busy'])
    press(top, 'escape', '/', 's', 'e', 'n', 'd', 'enter')
    expect(ids(top)).toEqual(['asks'])
    press(top, 'escape', 'down', 'down')
    top.show([row('newer', { createdAt: NOW }), ...ROWS], NOW)
    expect(press(top, 'enter')).toEqual({ open: top.chosen })
    expect(press(top, 'q')).toBe('quit')
  })

  it('says so when there is nothing', () => {
    const top = new TopModel()
    top.show([], NOW)
    expect(top.lines(SIZE, { style, now: NOW }).join('\n')).toContain('no runs yet')
    expect(press(top, 'enter')).toBeUndefined()
  })
})

it('what a run is in the middle of is read from what is new, and cheap with 10,000 runs', async () => {
  const path = `${temporaryFolder()}/crew.db`
  const store = await temporaryStore(path)
  const { default: Database } = await import('better-sqlite3')
  const database = new Database(path)
  database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT INTO runs (id, team, path, rehearsal, created_at, updated_at, state, epoch, heartbeat)
    SELECT 'old' || i, 'old', '', 0, i, i, 'succeeded', 1, 0 FROM n`)
  database.close()
  const owner = { host: 'elsewhere', pid: 1 }
  const at = systemClock.now()
  const lease = await store.create({ id: 'new', team: 'news', path: '', rehearsal: false }, owner, {
    ...began(),
    at,
  } as never)
  const start = { type: 'step.started', kind: 'agent', fingerprint: '', at } as const
  await store.commit(lease, [
    { ...start, key: 'ann', agent: 'ann' },
    { ...start, key: 'ben', agent: 'ben' },
    { type: 'wait.opened', key: 'ben/answer', request: { question: 'Which?' }, at },
  ])
  const look = async () => (await loadRows(store)).find(({ run }) => run.id === 'new')?.glance
  expect(await look()).toMatchObject({ atWork: ['ann'], questions: [{ agent: 'ben', question: 'Which?' }] })
  await store.signal('new', { kind: 'answer', key: 'ben/answer', value: 'b', by: 'me', at })
  await store.commit(lease, [{ type: 'step.succeeded', key: 'ann', output: 1, at }])
  expect(await look()).toEqual({ atWork: [], questions: [], answered: 1 })
  // Others may keep the machine busy: what counts is the work of this process.
  const before = cpuTime()
  for (let count = 0; count < 10; count += 1) await loadRows(store)
  expect((cpuTime() - before) / 10).toBeLessThan(100)
})

it('a store that is only read refuses every word that is left in it', async () => {
  const path = `${temporaryFolder()}/crew.db`
  await temporaryStore(path)
  const store = await openStore(path, systemClock, { readOnly: true })
  const word = { kind: 'tell', key: 'ann', value: 'x', by: 'me', at: 1 } as const
  await expect(store.signal('new', word)).rejects.toThrow(/cannot be written/)
  await store.close()
})
