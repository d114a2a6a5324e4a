import { describe, expect, it } from 'vitest'
import type { TeamContext } from '../../src/coordination/ask.ts'
import type { PlannedTask } from '../../src/coordination/plan.ts'
import { type Report, schedule, type Work } from '../../src/coordination/schedule.ts'
import type { Context } from '../../src/engine/context.ts'
import { CrewError } from '../../src/errors.ts'
import type { Event } from '../../src/store/events.ts'
import { RUN, resume, start, storeWith, temporaryStore } from '../helpers/runs.ts'

const act = { kind: 'test', effects: 'idempotent' } as const

/** Two who touch the same thing, and may not do that at the same time. */
const context = { tokens: 1000, compact: 'trim' } as const
const agents: TeamContext['agents'] = {
  painter: { name: 'painter', skills: [], reads: [], writes: ['wall'], context },
  visitor: { name: 'visitor', skills: [], reads: ['wall'], writes: [], context },
}

function tasks(plan: Readonly<Record<string, readonly string[]>>, complexity: Record<string, number> = {}) {
  return Object.entries(plan).map(
    ([id, dependsOn]): PlannedTask => ({ id, description: id, dependsOn, complexity: complexity[id] }),
  )
}

type Does = (id: string, before: ReadonlyMap<string, string>) => Promise<string>

interface Settings extends Omit<Work<string>, 'perform'> {
  readonly does?: Does
  /** What acted on the world and failed is never entered again: it is done under another key. */
  readonly attempt?: number
}

/** A program that works off a plan, and ends with what became of it; `begun` is filled with what it starts. */
function working(
  plan: readonly PlannedTask[],
  { does = async id => `${id} done`, attempt = 1, ...work }: Settings = {},
) {
  const begun: string[] = []
  const over = (ctx: Context) =>
    ({
      ctx,
      agents,
      group: (key: string, body: (team: TeamContext) => Promise<string>) =>
        ctx.step(key, { kind: 'group' }, inner => body(over(inner))),
    }) as TeamContext
  const perform: Work<string>['perform'] = ({ id }, { ctx }, { before }) =>
    ctx.step(`act-${attempt}`, act, async () => {
      begun.push(id)
      return does(id, before)
    })
  const program = (root: Context) =>
    root.step('tasks', { kind: 'group' }, async ctx => {
      const report = await schedule(over(ctx), plan, { ...work, perform })
      if (report.results.size > 0) return inWords(report)
      const because = plan.map(({ id }) => `tasks/${id}`)
      throw new CrewError('task-failed', 'nothing was done', { because })
    })
  return { begun, program }
}

function inWords({ results, failures, skipped, halted }: Report<string>) {
  return {
    results: Object.fromEntries([...results].sort()),
    failures: [...failures.keys()],
    skipped: Object.fromEntries(skipped),
    halted: halted ?? null,
  }
}

function failing(...ids: readonly string[]): Does {
  return async id => {
    if (ids.includes(id)) throw new CrewError('tool-failed', `${id} is broken`)
    return `${id} done`
  }
}

async function carriedOut(plan: readonly PlannedTask[], settings?: Settings) {
  const store = await temporaryStore()
  const { begun, program } = working(plan, settings)
  const outcome = await start(store, program)
  expect(outcome).toMatchObject({ state: 'succeeded' })
  const events: readonly Event[] = await store.events(RUN.id)
  return { begun, report: 'output' in outcome ? outcome.output : undefined, events }
}

describe('a schedule', () => {
  it('does each task once all that it depends on is done, and hands it those results and no others', async () => {
    const seen: Record<string, readonly string[]> = {}
    const does: Does = async (id, before) => {
      seen[id] = [...before.keys()]
      return id
    }
    const plan = tasks({ d: ['b'], other: [], b: ['a'], a: [], c: ['a'] })
    const { report } = await carriedOut(plan, { does })
    expect(seen).toEqual({ a: [], other: [], b: ['a'], c: ['a'], d: ['a', 'b'] })
    expect(report).toMatchObject({ results: { a: 'a', b: 'b', c: 'c', d: 'd', other: 'other' } })
  })

  it('starts what has the longest way behind it first, by complexity, when there is no room for all', async () => {
    const plan = tasks({ quick: [], a: [], b: ['a'], hard: [], heavy: ['hard'] }, { heavy: 9, hard: 2 })
    const { begun, events } = await carriedOut(plan, { concurrency: 1 })
    expect(begun).toEqual(['hard', 'heavy', 'a', 'quick', 'b'])
    expect(events.find(({ type }) => type === 'decision')).toMatchObject({
      what: 'schedule',
      reason: 'the longest way first: hard → heavy',
      values: { remaining: { hard: 11, heavy: 9, a: 2, b: 1, quick: 1 } },
    })
  })

  it('has no more tasks under way than it may', async () => {
    let now = 0
    let most = 0
    const does: Does = async id => {
      now += 1
      most = Math.max(most, now)
      await new Promise(resolve => setImmediate(resolve))
      now -= 1
      return id
    }
    await carriedOut(tasks({ a: [], b: [], c: [], d: [], e: [] }), { does, concurrency: 2 })
    expect(most).toBe(2)
  })

  it('gives up what depends on a failed task, says on which way, and does the rest', async () => {
    const plan = tasks({ a: [], b: ['a'], c: ['b'], d: [] })
    const { begun, report, events } = await carriedOut(plan, { does: failing('a'), onFailure: () => 'skip' })
    expect(begun.sort()).toEqual(['a', 'd'])
    expect(report).toEqual({
      results: { d: 'd done' },
      failures: ['a'],
      skipped: { b: 'b → a: a failed', c: 'c → b → a: a failed' },
      halted: null,
    })
    expect(events).toContainEqual(
      expect.objectContaining({ key: 'tasks/c', what: 'skipped', values: { path: ['c', 'b', 'a'] } }),
    )
  })

  it('halts at the first failure when nothing else is said', async () => {
    const { report } = await carriedOut(tasks({ a: [], b: ['a'], c: ['b'] }), { does: failing('b') })
    expect(report).toEqual({ results: { a: 'a done' }, failures: ['b'], skipped: {}, halted: 'b' })
  })

  it('leaves out what need not be done, and goes on with what depends on it', async () => {
    const skip = ({ id }: PlannedTask) => (id === 'b' ? 'not today' : undefined)
    const { report, events } = await carriedOut(tasks({ a: [], b: ['a'], c: ['b'] }), { skip })
    expect(report).toMatchObject({ results: { a: 'a done', c: 'c done' }, skipped: {} })
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'step.skipped', key: 'tasks/b', reason: 'not today' }),
    )
  })

  it('does what a resume makes possible, although it was not chosen before', async () => {
    const plan = tasks({ a: [], b: ['a'], c: [], d: [] }, { b: 9 })
    const settings: Settings = { concurrency: 1, onFailure: () => 'skip' }
    const store = await temporaryStore()
    const broken = working(plan, { ...settings, does: failing('a', 'c', 'd') })
    expect(await start(store, broken.program)).toMatchObject({ state: 'failed' })
    expect(broken.begun).toEqual(['a', 'c', 'd'])

    const mended = working(plan, { ...settings, attempt: 2 })
    const results = { a: 'a done', b: 'b done', c: 'c done', d: 'd done' }
    expect(await resume(store, mended.program)).toMatchObject({ state: 'succeeded', output: { results } })
    const events = await store.events(RUN.id)
    expect(mended.begun.sort()).toEqual(['a', 'b', 'c', 'd'])

    const again = working(plan, { ...settings, attempt: 2 })
    const killed = await storeWith(events.slice(0, -2))
    expect(await resume(killed, again.program)).toMatchObject({ state: 'succeeded', output: { results } })
    expect(again.begun).toEqual([])
  })

  it('has tasks wait for each other that touch the same thing, and says so once', async () => {
    const [a, b, c] = tasks({ a: [], b: [], c: [] })
    const plan = [{ ...a, agent: 'painter' }, { ...b, agent: 'visitor' }, c] as PlannedTask[]
    const { report, events } = await carriedOut(plan, {})
    expect(report).toMatchObject({ results: { a: 'a done', b: 'b done', c: 'c done' } })
    const said = events.filter(event => event.type === 'decision' && event.what === 'serialise')
    expect(said).toMatchObject([{ key: 'tasks/b', values: { resource: 'wall', first: 'a', second: 'b' } }])
    const order = events.flatMap(event =>
      /^step\.(started|succeeded)$/.test(event.type) && 'key' in event && /^tasks\/[ab]$/.test(event.key)
        ? [`${event.key.at(-1)} ${event.type}`]
        : [],
    )
    expect(order).toEqual(['a step.started', 'a step.succeeded', 'b step.started', 'b step.succeeded'])
  })
})
