import fc from 'fast-check'
import { expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { Context } from '../../src/engine/context.ts'
import { CrewError, toCrewError } from '../../src/errors.ts'
import { Budgets } from '../../src/policies/budget.ts'
import { amountOf, NOTHING, plus, UNITS } from '../../src/spend.ts'
import type { Store } from '../../src/store/store.ts'
import { emptyView } from '../../src/store/view.ts'

/** `npm run proof` plays ten times as many. */
const SCHEDULES = Number(process.env.CREW_SCHEDULES ?? 1_000)

const size = fc.integer({ min: 1, max: 200 })
const limit = fc.option(
  fc.record({
    tokens: fc.option(fc.integer({ min: 200, max: 3_000 }), { nil: undefined }),
    usd: fc.option(
      fc.integer({ min: 200, max: 3_000 }).map(cents => cents / 1_000),
      { nil: undefined },
    ),
    call: fc.option(fc.record({ tokens: fc.integer({ min: 250, max: 400 }) }), { nil: undefined }),
  }),
  { nil: undefined },
)

const call = fc.record({
  agent: fc.constantFrom('a', 'b', 'c'),
  branch: fc.constantFrom(undefined, 'x', 'y'),
  input: size,
  output: size,
  /** Of a price in thousandths of a dollar. */
  price: fc.integer({ min: 0, max: 3 }),
  /** Of what was reserved, how much it really takes. */
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  ending: fc.constantFrom('reply', 'billed failure', 'failure', 'cancelled'),
})

const setup = fc.record({
  run: limit,
  agents: fc.record({ a: limit, b: limit, c: limit }),
  branches: fc.record({ x: limit, y: limit }),
  calls: fc.array(call, { minLength: 2, maxLength: 25 }),
  /** What happens next, of all that may. */
  choices: fc.array(fc.nat(10_000), { minLength: 20, maxLength: 60 }),
})

type Setup = typeof setup extends fc.Arbitrary<infer T> ? T : never
type Call = Setup['calls'][number]

/** Lets happen what may happen, one after the other, as the choices say. */
class Schedule {
  private readonly open: (() => void)[] = []
  private readonly choices: readonly number[]
  private made = 0

  constructor(choices: readonly number[]) {
    this.choices = choices
  }

  turn(): Promise<void> {
    return new Promise(resolve => this.open.push(resolve))
  }

  /** False when there is nothing left; what follows from what happened has happened when it resolves. */
  async next(): Promise<boolean> {
    const choice = this.choices[this.made % this.choices.length] ?? 0
    const [happens] = this.open.splice(choice % Math.max(1, this.open.length), 1)
    this.made += 1
    happens?.()
    await new Promise(resolve => setImmediate(resolve))
    return happens !== undefined
  }
}

/** Plays calls as an engine would make them; each begins, ends and is cancelled when the schedule says so. */
function play({ run, agents, branches, calls, choices }: Setup) {
  const schedule = new Schedule(choices)
  const store = {} as Pick<Store, 'spending'>
  const setting = { run: 'r', recorded: emptyView(), store, clock: systemClock, budget: run ?? {} }
  const budgets = new Budgets(setting)
  const shared = budgets.forRun()
  const names = new Set(shared)
  const taken = new Map<string, ReturnType<typeof amountOf>>()
  const controllers = new Map<Call, AbortController>()
  let open = calls.length
  let done = 0

  async function perform(call: Call, index: number) {
    const controller = controllers.get(call) as AbortController
    const own = call.branch === undefined ? [] : budgets.forStep('branch', call.branch, branches[call.branch])
    const paid = [
      ...shared,
      ...own,
      ...budgets.forAgent('', call.agent, { budget: agents[call.agent as 'a'] }),
    ]
    for (const name of paid) names.add(name)
    const worst = { input: call.input, output: call.output, cached: 0 }
    const reserved = { ...worst, usd: ((call.input + call.output) * call.price) / 1_000 }
    const part = (count: number) => Math.floor(count * call.share)
    const spent = { input: part(call.input), output: part(call.output), cached: 0 }
    const real = { ...spent, usd: ((spent.input + spent.output) * call.price) / 1_000 }
    const charge = (what: typeof real) => {
      for (const name of paid) taken.set(name, plus(taken.get(name) ?? NOTHING, amountOf(what)))
    }
    const act = async () => {
      const { ending } = call
      const cancelled = new Promise((_, reject) =>
        controller.signal.addEventListener('abort', () => reject(controller.signal.reason)),
      )
      try {
        await Promise.race([schedule.turn(), cancelled])
      } catch (reason) {
        charge(reserved)
        throw reason
      }
      if (ending === 'failure') throw new CrewError('connection', 'it was not billed')
      charge(real)
      done += 1
      if (ending === 'billed failure') throw new CrewError('timeout', 'it was billed', { spent: real })
      return { text: '', spent: real }
    }
    const ctx = { key: `call-${index}`, signal: controller.signal, emit() {} } as unknown as Context
    const guard = budgets.guard(paid) ?? ((_, next) => next({ agent: '', ctx }))
    try {
      await schedule.turn()
      controller.signal.throwIfAborted()
      await guard({ agent: call.agent, ctx, reserved }, act)
    } catch (thrown) {
      const { code } = toCrewError(thrown)
      // As the engine does: the run comes down, in the same turn or a little later.
      if (code === 'limit-budget') for (const other of controllers.values()) other.abort(thrown)
      else if (!['connection', 'timeout', 'cancelled', 'over-budget'].includes(code)) throw thrown
    } finally {
      open -= 1
    }
  }

  for (const call of calls) controllers.set(call, new AbortController())
  const playing = calls.map((call, index) => {
    if (call.ending === 'cancelled')
      void schedule.turn().then(() => controllers.get(call)?.abort(new CrewError('cancelled', 'not needed')))
    return perform(call, index)
  })
  const overshot = () =>
    [...names].filter(name => {
      const { limits, spent, reserved } = budgets.ledger.account(name)
      return UNITS.some(unit => spent[unit] + reserved[unit] > (limits[unit] ?? Number.POSITIVE_INFINITY))
    })
  const wasBroken = () => [...controllers.values()].some(({ signal }) => signal.aborted)
  return { schedule, budgets, names, taken, playing, overshot, left: () => open, done: () => done, wasBroken }
}

it(`no budget is overshot at any moment in ${SCHEDULES} random schedules of calls, and every call ends`, async () => {
  let made = 0
  let refused = 0
  await fc.assert(
    fc.asyncProperty(setup, async setup => {
      const { schedule, budgets, names, taken, playing, overshot, left, done, wasBroken } = play(setup)
      while (await schedule.next()) if (overshot().length > 0) throw new Error(`overshot: ${overshot()}`)
      expect(left()).toBe(0)
      await Promise.all(playing)
      for (const name of names) {
        const { spent, reserved } = budgets.ledger.account(name)
        expect(reserved).toEqual(NOTHING)
        const real = taken.get(name) ?? NOTHING
        // What was broken off in the moment of its end counts as broken off.
        if (wasBroken()) expect(spent.tokens).toBeGreaterThanOrEqual(real.tokens)
        else expect(spent).toEqual(real)
      }
      made += done()
      refused += setup.calls.length - done()
    }),
    { numRuns: SCHEDULES },
  )
  // The limits are such that both happen, and often.
  expect(Math.min(made, refused)).toBeGreaterThan(SCHEDULES)
}, 120_000)
