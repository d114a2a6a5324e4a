import { spawn } from 'node:child_process'
import { hostname } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isAlive, markOf } from '../../src/store/lease.ts'
import { openStore } from '../../src/store/sqlite.ts'
import type { TimedFact } from '../../src/store/store.ts'
import { manualClock } from '../helpers/clock.ts'
import { temporaryFolder } from '../helpers/runs.ts'

const HERE = { host: hostname(), pid: process.pid }
const FIRST: TimedFact = {
  ...{ type: 'run.started', team: 't', definition: {}, input: {}, rehearsal: false, crew: '0', at: 1 },
} as TimedFact
const NEW = { id: 'run1', team: 't', path: '/t.yaml', rehearsal: false }

/** A store whose clock on the wall can be set apart from the one that nobody sets. */
async function storeWithClocks() {
  const file = join(temporaryFolder(), 'crew.db')
  const clock = manualClock()
  let set = 0
  const store = await openStore(file, { ...clock, now: () => clock.now() + set, uptime: clock.uptime })
  onTestFinished(() => store.close())
  const setClock = (by: number) => {
    set += by
  }
  return { store, file, clock, setClock }
}

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'taken',
    error => error.code as string,
  )

describe.runIf(process.platform === 'linux')('a lease', () => {
  it.each([3_600_000, -3_600_000])('outlives a clock that is set by %i ms', async by => {
    const { store, clock, setClock } = await storeWithClocks()
    await store.create(NEW, HERE, FIRST)
    setClock(by)
    expect(await code(store.acquire(NEW.id, HERE))).toBe('run-owned')
    clock.advance(16_000)
    expect(await code(store.acquire(NEW.id, HERE))).toBe('taken')
  })

  it('does not pass to another process that has got the pid of its owner', async () => {
    const { store, file } = await storeWithClocks()
    await store.create(NEW, HERE, FIRST)
    expect(await code(store.acquire(NEW.id, HERE))).toBe('run-owned')
    const database = new Database(file)
    const [space] = (markOf(HERE).born ?? '').split(' ')
    database.prepare('UPDATE runs SET born = ?').run(`${space} 1`)
    database.close()
    expect(await store.run(NEW.id)).toMatchObject({ state: 'interrupted' })
    expect(await code(store.acquire(NEW.id, HERE))).toBe('taken')
  })

  it('ends with its machine, whatever runs there afterwards', async () => {
    const { store, file } = await storeWithClocks()
    await store.create(NEW, HERE, FIRST)
    const database = new Database(file)
    database.prepare("UPDATE runs SET boot = 'another'").run()
    database.close()
    expect(await code(store.acquire(NEW.id, HERE))).toBe('taken')
  })

  it('of a process in another container, whose pids say nothing here, lasts as long as its heart beats', async () => {
    const clock = manualClock()
    const holder = { host: hostname(), pid: 2 ** 22, ...markOf(HERE), born: 'pid:[1] 5' }
    const beat = { heartbeat: clock.now(), pulse: clock.uptime() }
    expect(isAlive({ ...holder, ...beat }, clock)).toBe(true)
    clock.advance(16_000)
    expect(isAlive({ ...holder, ...beat }, clock)).toBe(false)
  })

  it('of a process that has ended, and that nobody has taken notice of yet, is free', async () => {
    const child = spawn('sleep', ['60'])
    const owner = { host: hostname(), pid: child.pid ?? 0 }
    const mark = markOf(owner)
    expect(mark.born).toMatch(/^pid:\[\d+\] \d+$/)
    const clock = manualClock()
    const holder = { ...owner, ...mark, heartbeat: clock.now(), pulse: clock.uptime() }
    expect(isAlive(holder, clock)).toBe(true)
    child.kill('SIGKILL')
    await new Promise(resolve => child.on('close', resolve))
    expect(isAlive(holder, clock)).toBe(false)
  })
})
