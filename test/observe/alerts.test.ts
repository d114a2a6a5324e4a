import { describe, expect, it } from 'vitest'
import type { Plan } from '../../src/observe/plan.ts'
import { Watcher } from '../../src/observe/watcher.ts'
import type { Fact, FactOf } from '../../src/store/events.ts'
import { alerts } from '../../src/team/alerts.ts'
import { manualClock } from '../helpers/clock.ts'
import { cpuTime } from '../helpers/cpu.ts'
import { began, replied, resumed, started, succeeded } from '../helpers/history.ts'

const SECOND = 1_000

/** A watcher, and a run for it whose time is moved by hand. */
function watched({
  settings = {},
  durations = {},
  totals = [],
  plan = { time: 3_600 * SECOND },
  behind = [],
}: {
  behind?: readonly Fact[]
  settings?: object
  durations?: Readonly<Record<string, readonly number[]>>
  totals?: readonly { tokens: number; usd?: number }[]
  plan?: Plan
} = {}) {
  const clock = manualClock()
  const raised: FactOf<'alert'>[] = []
  const asked: string[] = []
  const watcher = new Watcher({
    clock,
    settings: alerts.parse(settings),
    plan,
    past: {
      durations: async () => {
        asked.push('durations')
        return new Map(Object.entries(durations))
      },
      totals: async () => {
        asked.push('totals')
        return totals
      },
    },
    raise: alert => raised.push(alert),
  })
  watcher.recall(behind.map((fact, index) => ({ ...fact, seq: index + 1, at: clock.now() - 60 * SECOND })))
  let seq = behind.length
  const happens = (...facts: Fact[]) => {
    for (const fact of facts) {
      seq += 1
      watcher.see({ ...fact, seq, at: clock.now() })
    }
  }
  /** Lets time pass in steps of a second, with what is asked of the store answered in between. */
  const pass = async (seconds: number, meanwhile: () => void = () => {}) => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(SECOND)
      meanwhile()
      await Promise.resolve()
    }
  }
  if (seq === 0) happens(began())
  return { happens, pass, asked, told: () => raised.map(({ what, key }) => `${what} ${key}`.trim()), raised }
}

const work = (key: string, agent = key) => started(key, 'agent', { agent })
const call = (key: string, kind = 'model') => started(key, kind, { effects: 'idempotent' })
const failed = (key: string): Fact => ({
  type: 'step.failed',
  key,
  error: { code: 'server-error', message: 'no luck' },
})
const retried = (key: string): Fact => ({
  type: 'decision',
  key,
  what: 'retry',
  reason: 'no luck',
  values: { error: 'server-error', attempt: 1 },
})

describe('an agent that is slow', () => {
  const durations = { write: [2, 3, 4, 5, 6].map(seconds => seconds * SECOND) }

  it('is told of when it takes three times as long as it usually does, while it works', async () => {
    const { happens, pass, told, raised } = watched({ durations })
    happens(work('write'), call('write/turn-1'))
    const talk = () => happens({ type: 'model.delta', key: 'write/turn-1', text: 'x' })
    await pass(12, talk)
    expect(told()).toEqual([])
    await pass(2, talk)
    expect(told()).toEqual(['slow write'])
    expect(raised[0]?.reason).toContain('it is at work')
    expect(raised[0]?.values).toMatchObject({ median: 4 * SECOND, examples: 5 })
    await pass(60, talk)
    expect(told()).toEqual(['slow write'])
  })

  it('is told of again once it has done its work in time', async () => {
    const { happens, pass, told } = watched({ durations })
    const slow = async (key: string) => {
      happens(work(key, 'write'))
      await pass(20)
      happens(succeeded(key))
    }
    await slow('one')
    await slow('two')
    expect(told()).toEqual(['slow one'])
    happens(work('three', 'write'), succeeded('three'))
    await slow('four')
    expect(told()).toEqual(['slow one', 'slow four'])
  })

  it('is measured by what it did in this run as well', async () => {
    const { happens, pass, told } = watched()
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      happens(work(key, 'write'))
      await pass(1)
      happens(succeeded(key))
    }
    happens(work('f', 'write'))
    await pass(12)
    expect(told()).toEqual(['slow f'])
  })

  it('is not told of while it waits for a person, nor when too little is known, nor when it is short', async () => {
    const { happens, pass, told } = watched({
      durations: { ...durations, new: [1, 1, 1, 1], quick: [1, 1, 1, 1, 1] },
    })
    happens(work('write'), { type: 'wait.opened', key: 'write/answer', request: { question: 'May I?' } })
    happens(work('new'), work('quick'))
    await pass(9)
    happens(succeeded('quick'))
    await pass(60)
    expect(told()).toEqual([])
  })
})

describe('a call that is stalled', () => {
  it('is told of once it has been silent for long enough, with since when', async () => {
    const { happens, pass, told, raised } = watched()
    happens(work('write'), call('write/turn-1'))
    await pass(20, () => happens({ type: 'activity', key: 'write/turn-1' }))
    await pass(29)
    expect(told()).toEqual([])
    await pass(2)
    expect(told()).toEqual(['stalled write/turn-1'])
    expect(raised[0]?.reason).toMatch(/the model of write .* 30 seconds, since 2023-11-14T22:13:40/)
    await pass(60)
    expect(told()).toHaveLength(1)
  })

  it('is told of where it is, and not for those who wait for it', async () => {
    const { happens, pass, told } = watched()
    happens(work('ask'), call('ask/turn-1/tool-1', 'tool'), work('ask/turn-1/tool-1/helper', 'helper'))
    happens(call('ask/turn-1/tool-1/helper/run', 'command'))
    await pass(40)
    expect(told()).toEqual(['stalled ask/turn-1/tool-1/helper/run'])
  })

  it('is nothing that only waits for its turn', async () => {
    const { happens, pass, told } = watched()
    happens(work('write'), { type: 'queued', key: 'write/turn-1', place: 'openai', ahead: 3 })
    await pass(300)
    expect(told()).toEqual([])
  })
})

describe('an agent that fails', () => {
  it('is told of after three failures in a row, whatever they are', () => {
    const { happens, told } = watched()
    happens(work('write'), retried('write'), retried('write'))
    expect(told()).toEqual([])
    happens(failed('write'))
    expect(told()).toEqual(['failing write'])
    happens(work('again', 'write'), retried('again'), failed('again'))
    expect(told()).toHaveLength(1)
  })

  it('has not failed when an alert about it reached nobody', () => {
    const { happens, told } = watched()
    const lost: Fact = {
      type: 'decision',
      key: 'write',
      what: 'alert-undelivered',
      reason: 'nobody there',
      values: { alert: 'stalled', error: 'connection' },
    }
    happens(work('write'), lost, lost, failed('write'))
    expect(told()).toEqual([])
  })

  it('starts anew when it does well in between', () => {
    const { happens, told } = watched()
    for (const key of ['a', 'b', 'c']) happens(work(key, 'write'), retried(key), retried(key), succeeded(key))
    expect(told()).toEqual([])
  })

  it('has failed once, however much is tried by others because of it', () => {
    const { happens, told } = watched()
    const decided = (what: string): Fact => ({
      ...{ type: 'decision', key: 'a', what, reason: 'no luck' },
      values: { error: 'server-error', from: 'write' },
    })
    const inVain = [work('a/fallback/other', 'other'), failed('a/fallback/other')]
    happens(work('a', 'write'), call('a/run', 'command'), decided('fallback'), ...inVain)
    happens(decided('repair'), decided('partial'), succeeded('a'))
    expect(told()).toEqual([])
    happens(work('b', 'write'), retried('b'), call('b/run', 'command'), failed('b'))
    expect(told()).toEqual(['failing b'])
  })

  it('has not done well when somebody else did its work', () => {
    const { happens, told } = watched()
    const fallback: Fact = {
      type: 'decision',
      key: 'a',
      what: 'fallback',
      reason: 'no luck',
      values: { error: 'server-error', from: 'write', to: 'other' },
    }
    const instead = [work('a/fallback/other', 'other'), succeeded('a/fallback/other'), succeeded('a')]
    happens(work('a', 'write'), retried('a'), fallback, ...instead)
    happens(work('b', 'write'), retried('b'))
    expect(told()).toEqual(['failing b'])
  })
})

describe('a run', () => {
  it('is told of when its later steps take twice as long as the first', async () => {
    const { happens, pass, told } = watched()
    const step = async (index: number, seconds: number) => {
      happens(work(`step-${index}`, 'write'))
      await pass(seconds)
      happens(succeeded(`step-${index}`))
    }
    for (let index = 0; index < 12; index += 1) await step(index, 2)
    for (let index = 12; index < 30 && told().length === 0; index += 1) await step(index, 6)
    expect(told()).toEqual(['throughput'])
  })

  it('does not get slower by no longer taking over what was done before it was forked', async () => {
    const { happens, pass, told } = watched()
    for (let index = 0; index < 40; index += 1) {
      const isTakenOver = index < 20
      const act = { kind: 'model', effects: 'idempotent', fingerprint: '' } as const
      happens(work(`step-${index}`, 'write'))
      happens({
        type: 'step.started',
        key: `step-${index}/turn-1`,
        ...act,
        ...(isTakenOver && { inherited: {} }),
      })
      if (!isTakenOver) await pass(2)
      happens(succeeded(`step-${index}/turn-1`), succeeded(`step-${index}`))
    }
    expect(told()).toEqual([])
  })

  it('does not get slower by waiting for a person, or by being resumed late', async () => {
    const { happens, pass, told } = watched({ settings: { waiting: false } })
    for (let index = 0; index < 30; index += 1) {
      happens(work(`step-${index}`, 'write'))
      await pass(1)
      if (index === 16) {
        happens({ type: 'wait.opened', key: 'step-16/q', request: { question: '?' } })
        await pass(600)
        happens({ type: 'wait.answered', key: 'step-16/q', value: 'yes', by: 'me' })
        await pass(2)
      }
      happens(succeeded(`step-${index}`))
    }
    expect(told()).toEqual([])
  })

  it('is told of when it spends three times what runs of its team usually do', async () => {
    const { happens, pass, told, raised } = watched({ totals: Array(5).fill({ tokens: 1200, usd: 0.01 }) })
    happens(work('write'), call('write/turn-1'), replied('write/turn-1', 0.029))
    await pass(3)
    expect(told()).toEqual([])
    happens(replied('write/turn-1', 0.002))
    await pass(3)
    expect(told()).toEqual(['burn'])
    expect(raised[0]?.reason).toContain('has taken $0.0310; runs of its team usually take $0.0100')
  })

  it('is told of when half of its budget is gone too early', async () => {
    const { happens, pass, told } = watched({ plan: { time: 600 * SECOND, tokens: 2_000 } })
    happens(work('write'), call('write/turn-1'), replied('write/turn-1'))
    await pass(3)
    expect(told()).toEqual(['burn'])
  })

  it('is not told of when half of its budget is gone after half of its time', async () => {
    const { happens, pass, told } = watched({
      settings: { stalled: false },
      plan: { time: 600 * SECOND, tokens: 2_000 },
    })
    happens(work('write'), call('write/turn-1'))
    await pass(300)
    happens(replied('write/turn-1'))
    await pass(3)
    expect(told()).toEqual([])
  })

  it('is told of when a person has not answered for ten minutes, once for each question', async () => {
    const { happens, pass, told } = watched()
    happens({ type: 'wait.opened', key: 'approve', request: { question: 'May I?' } })
    await pass(590)
    expect(told()).toEqual([])
    await pass(20)
    expect(told()).toEqual(['waiting approve'])
    await pass(20)
    expect(told()).toHaveLength(1)
  })

  it('is told of when a breaker opens, and again after it has closed', () => {
    const { happens, told } = watched()
    const breaker = (state: string): Fact => ({
      type: 'decision',
      key: 'write/turn-1',
      what: 'breaker',
      reason: 'x',
      values: { who: 'openai', state },
    })
    happens(breaker('open'), breaker('open'))
    expect(told()).toHaveLength(1)
    happens(breaker('closed'), breaker('open'))
    expect(told()).toHaveLength(2)
  })

  it('that is well is told of by nothing, asks the store for nothing, and leaves no timer behind', async () => {
    const { happens, pass, told, asked } = watched()
    for (let index = 0; index < 40; index += 1) {
      happens(work(`step-${index}`, 'write'), call(`step-${index}/run`, 'command'))
      await pass(index % 5)
      happens(succeeded(`step-${index}/run`), succeeded(`step-${index}`))
    }
    await pass(3600)
    expect(told()).toEqual([])
    expect(asked).toEqual([])
  })

  it('is told of nothing that is switched off', async () => {
    const off = {
      slow: false,
      stalled: false,
      failing: false,
      waiting: false,
      throughput: false,
      burn: false,
    }
    const { happens, pass, told } = watched({
      settings: { ...off, breaker: false },
      durations: { write: [1, 1, 1, 1, 1] },
      plan: { time: 600 * SECOND, tokens: 10 },
    })
    happens(work('write'), call('write/turn-1'), replied('write/turn-1'), ...Array(9).fill(retried('write')))
    happens({ type: 'wait.opened', key: 'approve', request: { question: 'May I?' } })
    await pass(1_000)
    expect(told()).toEqual([])
  })

  it('is looked at in little time while thousands of its agents wait', async () => {
    const agents = Array.from({ length: 5_000 }, (_, index) => `each-${index}`)
    const { happens, pass, told } = watched({ settings: { waiting: false } })
    const request = { question: 'May I?' }
    for (const key of agents) happens(work(key, 'asker'), { type: 'wait.opened', key: `${key}/ask`, request })
    const began = cpuTime()
    await pass(60)
    for (const key of agents) happens(succeeded(key))
    expect(cpuTime() - began).toBeLessThan(5_000)
    expect(told()).toEqual([])
  })

  it('that is resumed is told of nothing that was before', async () => {
    const behind = [began(), work('write'), retried('write'), retried('write'), retried('write')]
    const { happens, pass, told } = watched({ behind, durations: { write: [1, 1, 1, 1, 1] } })
    happens(resumed, retried('write'), retried('write'))
    await pass(5)
    expect(told()).toEqual([])
    happens(retried('write'))
    expect(told()).toEqual(['failing write'])
  })
})
