import Database from 'better-sqlite3'
import { describe, expect, it, vi } from 'vitest'
import { crewHome, ended } from '../helpers/crew.ts'
import { rivalry } from '../helpers/owners.ts'

describe('a run that several processes want', () => {
  it('is executed by exactly one of eight that resume it at once', async () => {
    for await (const { done, exits } of rivalry(1, 8)) {
      expect(done).toBe(1)
      // 5: somebody else has it. 0: it ran here, or was over when this one came.
      expect(exits.filter(code => code !== 0 && code !== 5)).toEqual([])
      expect(exits).toContain(0)
    }
  })

  it('is not written by one that stood still while another took it over, and that one says so', async () => {
    const { crew, start, team, db } = crewHome()
    const wait = { kind: 'command', run: ['sh', '-c', 'test -e go || sleep 30'], effects: 'pure' }
    const path = team({ agents: { wait }, pattern: { kind: 'pipeline', stages: ['wait'] } })
    const stalled = start(['run', path, 'go', '--quiet'])
    const end = ended(stalled)
    const read = (sql: string) => {
      const database = new Database(db)
      try {
        return database.prepare(sql).pluck().get()
      } finally {
        database.close()
      }
    }
    await vi.waitFor(() => expect(read('SELECT count(*) FROM events')).toBe(3), { timeout: 20_000 })
    stalled.kill('SIGSTOP')
    expect((await crew(['resume', 'last', '--quiet'])).code).toBe(5)
    // As if it had stood for longer than a heart may.
    const database = new Database(db)
    database.exec('UPDATE runs SET pulse = pulse - 16000, heartbeat = heartbeat - 16000')
    database.close()
    team({}, 'go')
    const taken = await crew(['resume', 'last', '--json'])
    expect(JSON.parse(taken.stdout)).toMatchObject({ state: 'succeeded' })
    const events = read('SELECT count(*) FROM events')
    stalled.kill('SIGCONT')
    const { code, stderr } = await end
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('taken over') })
    expect(read('SELECT count(*) FROM events')).toBe(events)
  })
})
