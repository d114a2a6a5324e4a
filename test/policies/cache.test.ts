import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { resume, run } from '../../src/app.ts'
import { systemClock } from '../../src/clock.ts'
import { createAnswers } from '../../src/store/answers.ts'
import { connect } from '../../src/store/connection.ts'
import { openStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { viewOf } from '../../src/store/view.ts'
import type { Team } from '../../src/team/load.ts'
import { PLAIN } from '../../src/ui/style.ts'
import { documentOf, summarize } from '../../src/ui/summary.ts'
import { manualClock } from '../helpers/clock.ts'
import { complaints, decisions } from '../helpers/play.ts'
import { storeWith, temporaryFolder, temporaryStore } from '../helpers/runs.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'

const input = { task: 'Help.' }
const pattern = { kind: 'pipeline', stages: ['ann'] }
const ann = { role: 'You are ann.', cache: '1h', retry: { attempts: 2, backoff: '1ms' } }

/** Runs a team on a store that others use as well. */
async function runOn(store: Store, team: Team, env: object, given: object = input, rehearsal = false) {
  let id = ''
  const begin = {
    rehearsal,
    onCreated: (created: string) => {
      id = created
    },
  }
  const surroundings = { store, env: { ...env }, interrupt: new AbortController().signal, onEvent: () => {} }
  const outcome = await run(team, given as typeof input, begin, surroundings)
  return { id, outcome, events: await store.events(id) }
}

describe('an agent whose answers are kept', () => {
  it('is not asked the same twice, in whatever run', async () => {
    const [store, server] = [await temporaryStore(), await scripted({ ann: ['one', 'two'] })]
    const loaded = await team({ agents: { ann }, pattern })
    const first = await runOn(store, loaded, server.env)
    const second = await runOn(store, loaded, server.env)
    expect(first.outcome).toEqual({ state: 'succeeded', output: 'one' })
    expect(second.outcome).toEqual(first.outcome)
    expect(server.received).toHaveLength(1)
    expect(decisions(second.events, 'cache')).toMatchObject([
      { key: 'ann', reason: expect.stringContaining(first.id), values: { saved: { tokens: 110 } } },
    ])
    const view = viewOf(second.events)
    expect(summarize(second.id, second.outcome, view, PLAIN).join('\n')).toMatch(
      /saved by 1 kept answer: 110 tokens/,
    )
    expect(documentOf(second.id, second.outcome, view)).toMatchObject({ saved: { answers: 1, tokens: 110 } })
  })

  it('is asked when anything is different on which its answer depends', async () => {
    const [store, server] = [await temporaryStore(), await scripted({ ann: told => told.length })]
    const folder = temporaryFolder()
    const load = async (more: object) => {
      const path = join(folder, 'team.json')
      writeFileSync(
        path,
        JSON.stringify({
          name: 'test',
          input: { a: { type: 'string' }, b: { type: 'string' } },
          agents: { ann: { ...ann, ...more } },
          pattern,
        }),
      )
      return (await import('../../src/team/load.ts')).loadTeam(path)
    }
    const asked = async (more: object, given: object) => {
      const before = server.received.length
      await runOn(store, await load(more), server.env, given)
      return server.received.length - before
    }
    const prompt = { prompt: 'Say ${input.a}.' }
    expect(await asked(prompt, { a: '1', b: '1' })).toBe(1)
    expect(await asked(prompt, { a: '2', b: '1' })).toBe(1)
    expect(await asked({ prompt: 'Tell ${input.a}.' }, { a: '1', b: '1' })).toBe(1)
    expect(await asked({ ...prompt, check: [{ that: 'output != input.b' }] }, { a: '1', b: '1' })).toBe(1)
    expect(await asked({ ...prompt, check: [{ that: 'output != input.b' }] }, { a: '1', b: '2' })).toBe(1)
    expect(await asked({ ...prompt, tools: ['read_file'] }, { a: '1', b: '1' })).toBe(1)
    // What it is handed besides is the same, or none of its business.
    expect(
      await asked({ ...prompt, timeout: { total: '9s' }, description: 'Says.' }, { a: '1', b: '1' }),
    ).toBe(0)
    expect(await asked(prompt, { a: '2', b: '1' })).toBe(0)
  })

  it('is asked again when its answer is too old', async () => {
    const clock = manualClock()
    const file = join(temporaryFolder(), 'crew.db')
    const store = await openStore(file, clock)
    const answer = { output: 'one', run: 'r', at: clock.now(), took: { tokens: 1, usd: 0, milliseconds: 1 } }
    await store.answers.keep('k', answer, { owner: 'o', entries: 10, until: clock.now() + 1_000 })
    expect(await store.answers.find('k', clock.now() - 1_000)).toMatchObject({ output: 'one' })
    clock.advance(2_000)
    expect(await store.answers.find('k', clock.now() - 1_000)).toBeUndefined()
    await store.close()
  })

  it('keeps no answer that was not accepted, nor that of another agent', async () => {
    const store = await temporaryStore()
    const server = await scripted({ ann: ['bad', 'worse', 'good'], ben: ['good'] })
    const check = [{ that: 'output == "good"' }]
    const agents = { ann: { ...ann, check, fallback: ['ben'] }, ben: { role: 'You are ben.' } }
    const loaded = await team({ agents, pattern })
    await runOn(store, loaded, server.env)
    expect(server.received).toHaveLength(3)
    await runOn(store, loaded, server.env)
    expect(server.received).toHaveLength(4)
    await runOn(store, loaded, server.env)
    expect(server.received).toHaveLength(4)
  })

  it('has rehearsals of its own', async () => {
    const [store, server] = [await temporaryStore(), await scripted({ ann: ['real'] })]
    const loaded = await team({ agents: { ann }, pattern })
    const rehearsed = await runOn(store, loaded, server.env, input, true)
    expect((await runOn(store, loaded, server.env)).outcome).toEqual({ state: 'succeeded', output: 'real' })
    expect(rehearsed.outcome).not.toEqual({ state: 'succeeded', output: 'real' })
  })
})

describe('the same work at the same time', () => {
  const lanes = { kind: 'parallel', each: '${input.items}', agent: 'ann' }
  const definition = (more: object = {}) => ({
    input: { items: { type: 'array' } },
    agents: { ann: { ...ann, prompt: 'Say ${item}.', ...more } },
    pattern: lanes,
  })
  const items = ['a', 'b', 'a', 'a', 'b']

  it('is done once and shared', async () => {
    const server = await scripted({ ann: told => (told.includes('Say a.') ? 'A' : 'B') })
    const { outcome, events } = await finish(await team(definition()), { input: { items }, env: server.env })
    expect(outcome).toEqual({ state: 'succeeded', output: ['A', 'B', 'A', 'A', 'B'] })
    expect(server.received).toHaveLength(2)
    expect(decisions(events, 'cache')).toHaveLength(3)
  })

  it('is done by the next one when the first one fails', async () => {
    const server = await scripted({ ann: ['bad', 'good'] })
    const check = [{ that: 'output == "good"' }]
    const more = {
      ...definition({ check, retry: { attempts: 1 } }),
      pattern: { ...lanes, onFailure: 'continue' },
    }
    const { outcome } = await finish(await team(more), { input: { items: ['a', 'a', 'a'] }, env: server.env })
    expect(outcome).toEqual({ state: 'succeeded', output: ['good', 'good'] })
    expect(server.received).toHaveLength(2)
  })

  it('holds nobody up who stands in for the one that is waited for', async () => {
    const server = await scripted({ ann: ['bad'], ben: ['bad'] })
    const one = (name: string, other: string) => ({
      role: `You are ${name}.`,
      cache: '1h',
      retry: { attempts: 1 },
      check: [{ that: 'false' }],
      fallback: [other],
    })
    const agents = { ann: one('ann', 'ben'), ben: one('ben', 'ann') }
    const loaded = await team({ agents, pattern: { kind: 'parallel', branches: ['ann', 'ben'] } })
    expect((await finish(loaded, { input, env: server.env })).outcome).toMatchObject({ state: 'failed' })
  })

  it('ends as if nothing had happened when the run is killed behind any event', async () => {
    const part = (told: string) => (told.includes('Say a.') ? 'A' : 'B')
    const server = await scripted({ ann: part })
    const env = { ...server.env }
    const { id, events, outcome } = await finish(await team(definition()), { input: { items }, env })
    for (let kept = 1; kept < events.length; kept += 1) {
      const before = events.slice(0, kept)
      const surroundings = {
        store: await storeWith(before, id),
        env,
        interrupt: new AbortController().signal,
        onEvent: () => {},
      }
      expect(await resume(id, before, {}, surroundings), `killed behind ${kept}`).toEqual(outcome)
    }
  })
})

describe('an earlier answer', () => {
  it('is taken when nothing better came, however old, where the ladder says so', async () => {
    const store = await temporaryStore()
    const server = await scripted({ ann: ['good', 'bad', 'worse'] })
    const check = [{ that: 'output == "good"' }]
    const { cache, ...bare } = ann
    const loaded = await team({ agents: { ann: { ...bare, check, ladder: ['retry', 'cached'] } }, pattern })
    expect((await runOn(store, loaded, server.env)).outcome).toEqual({ state: 'succeeded', output: 'good' })
    const second = await runOn(store, loaded, server.env)
    expect(second.outcome).toEqual({ state: 'succeeded', output: 'good' })
    expect(server.received).toHaveLength(3)
    expect(decisions(second.events, 'cached')).toMatchObject([{ values: { error: 'check-failed' } }])
    const view = viewOf(second.events)
    const lines = summarize('run2', second.outcome, view, PLAIN)
    expect(lines.join('\n')).toMatch(
      /answer of \d{4}-\S+ \S+: ann: .* check 1: .*; the answer of run \w+ is taken/,
    )
    expect(documentOf('run2', second.outcome, view)).toMatchObject({ earlier: [{ step: 'ann' }] })
  })
})

describe('kept answers', () => {
  const took = { tokens: 1, usd: 0, milliseconds: 1 }
  const at = (at: number, output: string) => ({ output, run: 'r', at, took })

  it('are the newest of an agent, and the newest of all that there is room for', async () => {
    const connection = await connect(join(temporaryFolder(), 'crew.db'), systemClock)
    onTestFinished(() => void connection.database.close())
    const answers = createAnswers(connection, 1_000)
    const keep = (key: string, when: number, owner: string, output = key) =>
      answers.keep(key, at(when, output), { owner, entries: 2, until: 1e15 })
    for (const [index, key] of ['a', 'b', 'c'].entries()) await keep(key, index, 'ann')
    await keep('other', 1, 'ben')
    const left = async () => {
      const keys = ['a', 'b', 'c', 'other', 'large', 'huge']
      const found = await Promise.all(keys.map(key => answers.find(key, 0)))
      return keys.filter((_, index) => found[index])
    }
    expect(await left()).toEqual(['b', 'c', 'other'])
    await keep('large', 10, 'ben', 'x'.repeat(600))
    expect(await left()).toEqual(['b', 'c', 'other', 'large'])
    await keep('huge', 11, 'cid', 'x'.repeat(600))
    expect(await left()).toEqual(['huge'])
  })
})

describe('a team file', () => {
  const wrong = async (ann: object) =>
    (await complaints({ ann }, pattern)).map(message => message.split(':')[0])

  it.each([
    ['a program with effects', { kind: 'command', run: ['true'], cache: '1h' }],
    ['a person', { kind: 'human', cache: '1h' }],
    ['an agent that writes to others', { role: 'You are ann.', tools: ['write_board'], cache: '1h' }],
    ['a request that may change something', { kind: 'http', url: 'http://localhost/', ladder: ['cached'] }],
  ])('keeps no answers of %s', async (_, ann) => {
    expect(await wrong(ann)).toEqual(['the answers of "ann" cannot be kept'])
  })

  it('keeps those of a pure program', async () => {
    expect(
      await wrong({ kind: 'command', run: ['true'], effects: 'pure', cache: { age: '1h', entries: 5 } }),
    ).toEqual([])
  })
})
