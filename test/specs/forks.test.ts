import { describe, expect, it } from 'vitest'
import { planFork } from '../../src/app/fork.ts'
import { resume, run, teamOf, verify } from '../../src/app.ts'
import { CrewError } from '../../src/errors.ts'
import { pattern } from '../../src/patterns/index.ts'
import type { Event, FactOf } from '../../src/store/events.ts'
import type { Store } from '../../src/store/store.ts'
import { viewOf } from '../../src/store/view.ts'
import { storeWith } from '../helpers/runs.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'
import { type Trial, type Trials, task } from './teams/members.ts'

async function settingOf({ parts, input = { task } }: Trial) {
  const env: Record<string, string> = parts ? { ...(await scripted(parts)).env } : {}
  return { input, env, rehearsal: parts === undefined }
}

/** Forks a run of a trial before `step`, on the store that it is in, with agents that begin their parts anew. */
async function forkAt(trial: Trial, id: string, store: Store, step: string) {
  const events = await store.events(id)
  const plan = await planFork(
    { id, events, team: teamOf(events) },
    { at: step, agents: [], input: {}, results: [] },
  )
  const { env, rehearsal } = await settingOf(trial)
  let fork = ''
  const onCreated = (created: string) => {
    fork = created
  }
  const surroundings = { store, env, interrupt: new AbortController().signal, onEvent: () => {} }
  const outcome = await run(plan.team, plan.input, { rehearsal, fork: plan.fork, onCreated }, surroundings)
  return { id: fork, outcome, events: await store.events(fork), surroundings }
}

const steps = (events: readonly Event[]) =>
  events.flatMap(event => (event.type === 'step.started' ? [event as Event & FactOf<'step.started'>] : []))

/** Invocations that no other agent asked for. */
const agentsIn = (events: readonly Event[]) => {
  const all = steps(events).filter(({ kind }) => kind === 'agent')
  return all.filter(({ key }) => !all.some(other => key.startsWith(`${other.key}/`)))
}

/** Acts that were really done. */
const done = (events: readonly Event[]) =>
  steps(events).flatMap(({ key, effects, inherited }) => (effects && !inherited ? [key] : []))

/** The same store, and the numbers of the events that were the last of a transaction. */
function notingCommits(store: Store) {
  const ends: number[] = []
  const noted: Store = Object.create(store, {
    commit: {
      async value(...how: Parameters<Store['commit']>) {
        const written = await store.commit(...how)
        ends.push(written.at(-1)?.seq ?? 0)
        return written
      },
    },
  })
  return { ends, noted }
}

/** Steps that were taken over in one transaction and ended in another one. */
function torn(events: readonly Event[], ends: readonly number[]): string[] {
  const transactionOf = (seq: number) => ends.findIndex(end => seq <= end)
  return steps(events).flatMap(({ key, seq, inherited }) => {
    const end = events.find(event => event.seq > seq && 'key' in event && event.key === key)
    return inherited && end && transactionOf(seq) !== transactionOf(end.seq) ? [key] : []
  })
}

describe.each(pattern.options.map(option => option.unwrap().shape.kind.value))(
  'a fork of the pattern %s',
  async kind => {
    const { trials }: { trials: Trials } = await import(`./teams/${kind}.ts`)
    const [[name, trial] = ['', undefined]] = Object.entries(trials)
    if (!trial) throw new Error(`${kind} has no trial`)

    it(`with ${name}, before each of its agents, ends the same and repeats nothing that came before`, async () => {
      const { id, outcome, events, store } = await finish(
        await team(trial.definition),
        await settingOf(trial),
      )
      const agents = agentsIn(events)
      for (const { key, seq } of agents) {
        const fork = await forkAt(trial, id, store, key)
        const where = `before ${key}`
        // Agents that play a part begin it anew, so that what comes later may differ.
        if (!trial.parts && !trial.isRace) expect(fork.outcome, where).toEqual(outcome)
        else expect(fork.outcome.state, where).toBe(outcome.state)
        const earlier = new Set(done(events.filter(event => event.seq < seq)))
        expect(
          done(fork.events).filter(key => earlier.has(key)),
          where,
        ).toEqual([])
        expect(await verify(fork.id, fork.events, { store, env: {} }), where).not.toHaveProperty('difference')
      }
    })

    it(`with ${name}, killed behind a commit, goes on and takes over the rest`, async () => {
      if (trial.parts) return
      const { id, outcome, store } = await finish(await team(trial.definition), await settingOf(trial))
      const events = await store.events(id)
      const last = agentsIn(events).at(-1)
      const { ends, noted } = notingCommits(store)
      const fork = await forkAt(trial, id, noted, last?.key ?? '')
      expect(ends.length).toBeGreaterThan(1)
      expect(torn(fork.events, ends), 'what is taken over is one transaction with its end').toEqual([])
      for (const kept of new Set([ends[0], ends[Math.floor(ends.length / 2)], ends.at(-2)])) {
        const before = fork.events.slice(0, kept)
        const again = await storeWith(events, id, { rehearsal: true })
        await again.release(await again.create({ ...ROW, id: fork.id }, DEAD, before[0] as Event))
        const lease = await again.acquire(fork.id, DEAD)
        await again.commit(lease, before.slice(1))
        await again.release(lease)
        const resumed = await resume(fork.id, before, {}, { ...fork.surroundings, store: again })
        if (trial.isRace) expect(resumed.state).toBe(outcome.state)
        else expect(resumed, `killed behind event ${kept}`).toEqual(outcome)
        expect(new Set(done(await again.events(fork.id)))).toEqual(new Set(done(fork.events)))
      }
    })
  },
)

const ROW = { team: 'test', path: '/team.yaml', rehearsal: true }
const DEAD = { host: 'elsewhere', pid: 1 }

describe('what a fork costs', () => {
  const agents = {
    ann: { role: 'You are ann.' },
    ben: { role: 'You are ben.' },
    cid: { role: 'You are cid.' },
  }
  const parts = { ann: ['Rain. '.repeat(200)], ben: ['Sun. '.repeat(200)], cid: ['Weather.'] }

  async function forked(changes: Partial<Parameters<typeof planFork>[1]>, definition: object) {
    const server = await scripted(parts)
    // What a call costs that is broken off is not what this is about.
    const setting = { input: { task }, env: { ...server.env }, stops: false }
    const first = await finish(await team(definition), setting)
    const { id, store, events } = first
    const plan = await planFork(
      { id, events, team: teamOf(events) },
      { agents: [], input: {}, results: [], ...changes },
    )
    const calls = server.received.length
    let fork = ''
    const onCreated = (created: string) => {
      fork = created
    }
    const surroundings = {
      store,
      env: { ...server.env },
      interrupt: new AbortController().signal,
      onEvent: () => {},
    }
    const { team: changed, input, fork: from } = plan
    const wishes = { rehearsal: false, fork: from, onCreated }
    const outcome = await run(changed, input, wishes, surroundings)
    const forkEvents = await store.events(fork)
    return { outcome, calls: server.received.length - calls, view: viewOf(forkEvents), first, fork, store }
  }

  const branches = {
    agents,
    pattern: { kind: 'parallel', branches: ['ann', 'ben'], aggregate: 'cid' },
  }

  it('is what the changed branch and those behind it cost; the other branch is neither asked nor paid', async () => {
    const { outcome, calls, view, first, fork, store } = await forked(
      { agents: [{ path: 'ben.role', value: 'You are ben. Be brief.' }] },
      branches,
    )
    expect(outcome).toMatchObject({ state: 'succeeded' })
    // ben said the same again, so that even cid is not asked.
    expect(calls).toBe(1)
    expect(view.spent.calls).toBe(1)
    expect(view.inherited.calls).toBe(2)
    const parent = viewOf(first.events)
    expect(view.spent.input + view.inherited.input).toBe(parent.spent.input)
    expect(await store.run(fork)).toMatchObject({
      parent: first.id,
      tokens: view.spent.input + view.spent.output,
    })
    const all = await store.spending.totals({ by: ['run'], since: 0 })
    expect(all.find(({ of }) => of.run === fork)?.calls).toBe(1)
  })

  it('is nothing for a result that is given, but what follows from it is asked anew', async () => {
    const definition = { agents, pattern: { kind: 'pipeline', stages: ['ann', 'ben', 'cid'] } }
    const { outcome, calls, view } = await forked(
      { results: [{ path: 'steps.ben.output', value: 'Snow.' }] },
      definition,
    )
    expect(outcome).toEqual({ state: 'succeeded', output: 'Weather.' })
    expect(calls).toBe(1)
    expect(view.steps.get('ben')).toMatchObject({ output: 'Snow.', inherited: { set: true } })
    expect(view.steps.get('ann/turn-1')?.inherited?.spent?.calls).toBe(1)
    expect(view.steps.get('cid/turn-1')?.inherited).toBeUndefined()
  })

  it('refuses what cannot be, and says what can', async () => {
    const run = await finish(await team(branches), { input: { task }, rehearsal: true })
    const parent = { id: run.id, events: run.events, team: teamOf(run.events) }
    const refused = (changes: Partial<Parameters<typeof planFork>[1]>) =>
      planFork(parent, { agents: [], input: {}, results: [], ...changes })
    const agent = (path: string, value: string) => refused({ agents: [{ path, value }] })
    await expect(refused({})).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/nothing would be different/),
    })
    await expect(refused({ at: 'nobody' })).rejects.toMatchObject({
      message: expect.stringMatching(/has no step nobody/),
    })
    await expect(refused({ at: '0' })).rejects.toMatchObject({
      message: expect.stringMatching(/has no event 0/),
    })
    await expect(refused({ at: '99999' })).rejects.toMatchObject({
      message: expect.stringMatching(/numbered from 1 to/),
    })
    await expect(agent('eve.role', 'x')).rejects.toMatchObject({
      message: expect.stringMatching(/no field of an agent/),
    })
    await expect(agent('ann.roel', 'x')).rejects.toMatchObject({
      message: expect.stringMatching(/there is no key "roel"/),
    })
    await expect(agent('ann.__proto__.x', 'x')).rejects.toMatchObject({ code: 'usage' })
    await expect(agent('ann.model', 'big')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/big/),
    })
    await expect(refused({ input: { tusk: 'x' } })).rejects.toMatchObject({ code: 'input' })
    await expect(refused({ results: [{ path: 'steps.ann', value: 'x' }] })).rejects.toMatchObject({
      message: expect.stringMatching(/is not a result/),
    })
    await expect(refused({ results: [{ path: 'steps.eve.output', value: 'x' }] })).rejects.toMatchObject({
      message: expect.stringMatching(/has no step eve/),
    })
  })
})

describe('a fork of a fork', () => {
  const three = {
    agents: { ann: { role: 'You are ann.' }, ben: { role: 'You are ben.' }, cid: { role: 'You are cid.' } },
    pattern: { kind: 'pipeline', stages: ['ann', 'ben', 'cid'] },
  }
  const cid = [{ path: 'cid.role', value: 'You are cid!' }]
  const snow = [{ path: 'steps.ben.output', value: 'Snow.' }]

  /** Forks the last of `runs`, and adds the fork; stopped before its first step, if that is wanted. */
  async function extend(
    { store, runs }: { readonly store: Store; readonly runs: string[] },
    changes: Partial<Parameters<typeof planFork>[1]>,
    isStopped = false,
  ) {
    const id = runs.at(-1) ?? ''
    const events = await store.events(id)
    const parent = { id, events, team: teamOf(events) }
    const { team, input, fork } = await planFork(parent, { agents: [], input: {}, results: [], ...changes })
    const stop = new AbortController()
    const onEvent = ({ type }: { type: string }) =>
      void (isStopped && type === 'run.started' && stop.abort(new CrewError('interrupted', 'stopped')))
    const wishes = { rehearsal: true, fork, onCreated: (created: string) => void runs.push(created) }
    const outcome = await run(team, input, wishes, { store, env: {}, interrupt: stop.signal, onEvent })
    const after = await store.events(runs.at(-1) ?? '')
    return { outcome, done: done(after), view: viewOf(after) }
  }

  async function first() {
    const { id, store, outcome } = await finish(await team(three), { input: { task }, rehearsal: true })
    return { store, runs: [id], outcome }
  }

  it('that did not come to its end takes over what that one would have, from where it comes from', async () => {
    const chain = await first()
    expect((await extend(chain, { at: 'cid' }, true)).outcome.state).toBe('interrupted')
    const agents = [{ path: 'cid.role', value: 'You are cid?' }]
    expect((await extend(chain, { agents }, true)).done).toEqual([])
    const { outcome, done, view } = await extend(chain, { agents: cid })
    expect(outcome.state).toBe('succeeded')
    expect(done).toEqual(['cid/turn-1'])
    expect(view.steps.get('ben')?.takenOver).toBe(true)
  })

  it('does anew what the one before it was to do anew, and had not come to', async () => {
    const chain = await first()
    await extend(chain, { at: 'ben' }, true)
    const { done } = await extend(chain, { agents: cid })
    expect(done).toEqual(['ben/turn-1', 'cid/turn-1'])
  })

  it.each([false, true])(
    'keeps a result that was given to the one before it; stopped early: %s',
    async isStopped => {
      const chain = await first()
      await extend(chain, { results: snow }, isStopped)
      const { outcome, done, view } = await extend(chain, { agents: cid })
      expect(outcome.state).toBe('succeeded')
      expect(done).toEqual(['cid/turn-1'])
      expect(view.steps.get('ben')).toMatchObject({ output: 'Snow.', inherited: { set: true } })
      // Unless its step is to be done anew.
      expect((await extend(chain, { at: 'ben' })).done).toEqual(['ben/turn-1', 'cid/turn-1'])
    },
  )

  it('goes on without the run that all comes from, and says that it is gone', async () => {
    const chain = await first()
    await extend(chain, { at: 'cid' }, true)
    const gone: Store = Object.create(chain.store, {
      events: { value: async (id: string) => (id === chain.runs[0] ? [] : chain.store.events(id)) },
    })
    const warned: string[] = []
    const recorded = await gone.events(chain.runs[1] ?? '')
    const interrupt = new AbortController().signal
    const surroundings = {
      store: gone,
      env: {},
      interrupt,
      onEvent: () => {},
      warn: (line: string) => void warned.push(line),
    }
    expect(await resume(chain.runs[1] ?? '', recorded, {}, surroundings)).toEqual(chain.outcome)
    expect(warned).toEqual([expect.stringMatching(/is gone, from which this one was forked/)])
    expect(done(await gone.events(chain.runs[1] ?? ''))).toEqual(['ann/turn-1', 'ben/turn-1', 'cid/turn-1'])
  })
})

describe('an act of which nobody knows whether it happened', () => {
  /** Two at once, the first of which counts: `slow` is broken off in the middle of what must not be done twice. */
  const race = {
    agents: {
      quick: { kind: 'command', run: ['sleep', '0.1'], effects: 'pure' },
      slow: { kind: 'command', run: ['sleep', '60'] },
    },
    pattern: { kind: 'parallel', branches: ['quick', 'slow'], onFailure: { quorum: 1 } },
  }

  it('is asked about by a fork that needs it, also when its own run needed it no more', async () => {
    const { id, store, events } = await finish(await team(race), { input: { task }, stops: false })
    const step = viewOf(events).steps.get('branches/slow/run')
    expect(step).toMatchObject({ state: 'cancelled', final: true })
    const changes = { agents: [{ path: 'quick.run', value: '["false"]' }], input: {}, results: [] }
    const plan = await planFork({ id, events, team: teamOf(events) }, changes)
    const surroundings = { store, env: {}, interrupt: new AbortController().signal, onEvent: () => {} }
    const wishes = { rehearsal: false, fork: plan.fork, onCreated: () => {} }
    const outcome = await run(plan.team, plan.input, wishes, surroundings)
    expect(outcome).toMatchObject({ state: 'waiting', on: ['branches/slow/run/outcome-1'] })
  })
})
