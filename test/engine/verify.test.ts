import { describe, expect, it } from 'vitest'
import { run, verify } from '../../src/app.ts'
import type { Event } from '../../src/store/events.ts'
import { temporaryStore } from '../helpers/runs.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'

const AGENTS = {
  upper: { kind: 'command', run: ['tr', 'a-z', 'A-Z'], effects: 'pure' },
  cat: { kind: 'command', run: ['cat'], effects: 'pure' },
  third: { kind: 'command', run: ['cat'], effects: 'pure' },
}
const pipeline = (...stages: string[]) => ({ agents: AGENTS, pattern: { kind: 'pipeline', stages } })

async function recorded(definition: object) {
  return finish(await team(definition), { input: { task: 'hello' } })
}

/** The recording, as if another team were pinned in it. */
function withStages(events: readonly Event[], stages: readonly string[]): Event[] {
  return events.map(event => {
    if (event.type !== 'run.started') return event
    const definition = structuredClone(event.definition) as { team: { pattern: object } }
    definition.team.pattern = { ...definition.team.pattern, stages }
    return { ...event, definition } as unknown as Event
  })
}

describe('a run that is repeated on its recorded results', () => {
  it('is the same, step by step, and acts on nothing', async () => {
    const { id, events, store } = await recorded(pipeline('upper', 'cat'))
    expect(await verify(id, events, { store, env: {} })).toEqual({ steps: 4, inside: 0 })
    expect(await store.events(id)).toEqual(events)
  })

  it.each([
    [['upper', 'cat', 'third'], { key: 'third', what: 'is not recorded' }],
    [['cat', 'upper'], { key: 'cat', what: 'is asked something else' }],
    [['upper'], { key: '', what: 'comes to something else' }],
  ])('says what is the first difference when the team is %j', async (stages, difference) => {
    const { id, events, store } = await recorded(pipeline('upper', 'cat'))
    const verdict = await verify(id, withStages(events, stages), { store, env: {} })
    expect(verdict.difference).toMatchObject(difference)
  })

  it('notices a result that was changed in the recording', async () => {
    const { id, events, store } = await recorded(pipeline('upper', 'cat'))
    const forged = events.map(event =>
      event.type === 'step.succeeded' && event.key === 'upper' ? { ...event, output: 'BYE' } : event,
    )
    const { difference } = await verify(id, forged, { store, env: {} })
    expect(difference).toMatchObject({ key: 'upper', what: 'comes to something else' })
  })

  it('ends where the recording of a run that is not over ends, and begins nothing', async () => {
    const { id, events, store } = await recorded(pipeline('upper', 'cat'))
    const at = events.findIndex(event => event.type === 'step.started' && event.key === 'cat')
    const verdict = await verify(id, events.slice(0, at), { store, env: {} })
    expect(verdict).toEqual({ steps: 2, inside: 0, next: 'cat' })
  })

  it('leaves the cache as it is', async () => {
    const server = await scripted({ ann: ['Four.'] })
    const definition = {
      agents: { ann: { role: 'You are ann.', cache: '1h' } },
      pattern: { kind: 'pipeline', stages: ['ann'] },
    }
    const { id, events, store } = await finish(await team(definition), {
      input: { task: 'x' },
      env: server.env,
    })
    const kept: string[] = []
    store.answers.keep = async key => {
      kept.push(key)
    }
    expect(await verify(id, events, { store, env: {} })).not.toHaveProperty('difference')
    expect(kept).toEqual([])
  })

  it('needs no key, no server, and no secret', async () => {
    const server = await scripted({ ann: ['Four.'] })
    const definition = {
      agents: { ann: { role: 'You are ann.' } },
      pattern: { kind: 'pipeline', stages: ['ann'] },
      env: ['SOME_SECRET'],
    }
    const store = await temporaryStore()
    let id = ''
    const env = { ...server.env, SOME_SECRET: 'a-long-secret' }
    const surroundings = { store, env, interrupt: new AbortController().signal, onEvent: () => {} }
    const onCreated = (created: string) => {
      id = created
    }
    await run(
      await team(definition),
      { task: 'What is two and two?' },
      { rehearsal: false, onCreated },
      surroundings,
    )
    const calls = server.received.length
    const events = await store.events(id)
    expect(await verify(id, events, { store, env: {} })).not.toHaveProperty('difference')
    expect(server.received).toHaveLength(calls)
  })
})
