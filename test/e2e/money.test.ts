import { describe, expect, it } from 'vitest'
import { resume } from '../../src/app.ts'
import { systemClock } from '../../src/clock.ts'
import { openStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { viewOf } from '../../src/store/view.ts'
import { billingServer, PRICE } from '../helpers/billing-server.ts'
import { crewHome, ended } from '../helpers/crew.ts'
import { finish, team } from '../helpers/teams.ts'

const lanes = (count: number, budget: object) => ({
  // Among so many calls that may fail, enough in a row do now and then: no breaker is to open here.
  models: { default: { model: 'billed', maxTokens: 400, price: PRICE, breaker: false } },
  agents: {
    writer: {
      ...{ role: 'You write.', prompt: 'Write about ${item}.', breaker: false },
      retry: { attempts: 8, backoff: '1ms' },
    },
  },
  pattern: {
    kind: 'parallel',
    each: `\${${JSON.stringify(Array.from({ length: count }, (_, i) => `topic ${i}`))}}`,
    agent: 'writer',
  },
  limits: { concurrency: count, invocations: 2 * count },
  budget,
})

const cents = (usd: number) => Math.round(usd * 1e12)

async function total(store: Store) {
  const [group] = await store.spending.totals({ by: [], since: 0 })
  return group
}

type Server = Awaited<ReturnType<typeof billingServer>>

/** What crew says that was spent is what the server has on its bill. */
function expectToAgree(spent: object | undefined, { bill }: Server) {
  const { usd, ...counted } = bill
  expect(spent).toMatchObject(counted)
  expect(cents((spent as { usd: number }).usd)).toBe(usd)
}

describe('two hundred agents at once', () => {
  it('stop exactly within their budget, by the count and the prices of the server, and go on with a new one', async () => {
    const server = await billingServer({ faults: true })
    const run = await finish(await team(lanes(200, { usd: 0.25 })), { env: server.env, input: { task: '' } })
    expect(run.outcome).toMatchObject({ state: 'failed', error: { code: 'limit-budget' } })
    expect(server.bill.usd).toBeLessThanOrEqual(cents(0.25))
    // It was used up as far as it went: no call fits any more.
    expect(server.bill.usd).toBeGreaterThan(cents(0.25 - 0.005))
    expectToAgree(viewOf(run.events).spent, server)
    expectToAgree(await total(run.store), server)

    const surroundings = {
      store: run.store,
      env: server.env,
      interrupt: new AbortController().signal,
      onEvent: () => {},
    }
    const outcome = await resume(run.id, run.events, { usd: 2 }, surroundings)
    expect(outcome).toMatchObject({ state: 'succeeded' })
    expectToAgree(viewOf(await run.store.events(run.id)).spent, server)
  })
})

describe('a run that is killed with -9 while calls are under way', () => {
  it('keeps what it has spent, and its budget', async () => {
    const server = await billingServer({ pace: 60 })
    const { start, crew, team, db } = crewHome(server.env)
    const file = team(lanes(60, { usd: 0.08 }))
    const child = start(['run', file, 'go', '--quiet'])
    while (server.bill.calls < 12) await new Promise(resolve => setTimeout(resolve, 5))
    child.kill('SIGKILL')
    await ended(child)
    const { code, stdout } = await crew(['resume', 'last', '--json', '--quiet'])
    const { stop, spent, budget } = JSON.parse(stdout)
    expect([code, stop, budget]).toEqual([3, 'limit-budget', { usd: 0.08 }])
    expect(server.bill.usd).toBeLessThanOrEqual(cents(0.08))
    expect(cents(spent.usd)).toBeGreaterThanOrEqual(server.bill.usd)
    expect(cents(spent.usd)).toBeLessThanOrEqual(cents(0.08))
    // Some of it was under way: all that it may have cost is charged.
    expect(spent.estimated).toBeGreaterThan(0)
    const store = await openStore(db, systemClock)
    expect(cents((await total(store))?.usd ?? 0)).toBe(cents(spent.usd))
    await store.close()
  })
})

describe('two processes at once', () => {
  it('spend together what a day allows, and no more', async () => {
    const server = await billingServer({ pace: 20 })
    const { crew, team } = crewHome(server.env)
    // Each of them alone would need about twice as much.
    const file = team(lanes(150, { day: { usd: 0.15 } }))
    const runs = await Promise.all([1, 2].map(() => crew(['run', file, 'go', '--json', '--quiet'])))
    expect(runs.map(({ code, stdout }) => [code, JSON.parse(stdout).stop])).toEqual([
      [3, 'limit-budget'],
      [3, 'limit-budget'],
    ])
    expect(server.bill.usd).toBeLessThanOrEqual(cents(0.15))
    expect(server.bill.usd).toBeGreaterThan(cents(0.15 - 0.01))
    const paid = server.bill.calls
    const third = await crew(['run', file, 'go', '--quiet'])
    expect([third.code, server.bill.calls]).toEqual([3, paid])
    expect(third.stderr).toMatch(
      /all that is run in a day may take at most \$0\.15: \$0\.1\d+ of it is spent/,
    )
    expect(third.stderr).toMatch(/crew resume \w+ --budget day\.usd=0\.3/)
    const { stdout } = await crew(['cost', '--json', '--by', 'run'])
    expectToAgree(JSON.parse(stdout).total, server)
    const raised = await crew(['resume', 'last', '--budget', 'day.usd=5', '--quiet'])
    expect(raised.code).toBe(0)
  })
})
