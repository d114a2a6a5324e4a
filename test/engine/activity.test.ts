import { describe, expect, it } from 'vitest'
import { run } from '../../src/app.ts'
import { signsOfLife } from '../../src/engine/activity.ts'
import type { Context } from '../../src/engine/context.ts'
import type { Fact } from '../../src/store/events.ts'
import { manualClock } from '../helpers/clock.ts'
import { modelServer, saying } from '../helpers/model-server.ts'
import { temporaryStore } from '../helpers/runs.ts'
import { team } from '../helpers/teams.ts'

describe('signs of life', () => {
  it('are given at most once a second, however much comes', () => {
    const clock = manualClock()
    const facts: Fact[] = []
    const touch = signsOfLife(
      { key: 'a/run', emit: (fact: Fact) => facts.push(fact) } as unknown as Context,
      clock,
    )
    for (const step of [0, 1, 998, 1, 500, 500, 5000]) {
      clock.advance(step)
      touch()
    }
    const life = { type: 'activity', key: 'a/run' }
    expect(facts).toEqual([life, life, life, life])
  })

  it('come from models, commands and services at work, are shown at once, and leave nothing behind', async () => {
    const server = await modelServer(saying('Fine.'))
    const agents = {
      model: {},
      program: { kind: 'command', run: ['echo', 'fine'], stdin: 'none', effects: 'pure' },
      service: { kind: 'http', url: server.url, effects: 'pure' },
    }
    const loaded = await team({ agents, pattern: { kind: 'pipeline', stages: Object.keys(agents) } })
    const seen: string[] = []
    const store = await temporaryStore()
    let id = ''
    const surroundings = {
      store,
      env: server.env,
      interrupt: new AbortController().signal,
      onEvent: (event: Fact) => void (event.type === 'activity' && seen.push(event.key)),
    }
    const onCreated = (created: string) => {
      id = created
    }
    await run(loaded, { task: 'go' }, { rehearsal: false, onCreated }, surroundings)
    expect(seen).toEqual(['model/turn-1', 'program/run', 'service/request'])
    expect((await store.events(id)).map(({ type }) => type)).not.toContain('activity')
  })
})
