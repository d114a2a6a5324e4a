import { describe, expect, it } from 'vitest'
import type { TeamContext } from '../../src/coordination/ask.ts'
import { type Profile, profileOf } from '../../src/coordination/profile.ts'
import { route } from '../../src/coordination/route.ts'
import type { Fact } from '../../src/store/events.ts'

const profile = (name: string, skills: readonly string[], description = ''): Profile => ({
  ...profileOf(name, {}),
  skills,
  description,
})

const agents: Readonly<Record<string, Profile>> = {
  db: profile('db', ['Databases', 'data modelling']),
  backend: profile('backend', ['api design'], 'Writes servers, tests and databases'),
  ui: profile('ui', ['frontend']),
  web: profile('web', ['Frontend']),
}

/** Who is chosen, and what was said about it. */
function chosen(needs: readonly string[], loads: Readonly<Record<string, number>> = {}, task = '') {
  const facts: Fact[] = []
  const ctx = { key: 'tasks', emit: (fact: Fact) => facts.push(fact) }
  const team = { ctx, agents } as unknown as TeamContext
  const want = { key: 'it', task, needs, among: Object.keys(agents) }
  const agent = route(team, want, name => loads[name] ?? 0)
  return { agent, facts }
}

describe('a task that takes a skill', () => {
  it('goes to the agent that declares it, whatever others say of themselves', () => {
    const { agent, facts } = chosen(['databases'])
    expect(agent).toBe('db')
    expect(facts).toMatchObject([
      { key: 'tasks/it', what: 'route', values: { agent: 'db', scores: { db: 1, backend: 0.5 } } },
    ])
  })

  it('goes to an agent whose skill or description shares its words', () => {
    expect(chosen(['design']).agent).toBe('backend')
    expect(chosen(['testing']).agent).toBe('backend')
  })

  it('goes to the one that can do all of it', () => {
    expect(chosen(['databases', 'api design']).agent).toBe('backend')
  })

  it('goes to the least loaded of those that are equally good', () => {
    expect(chosen(['frontend']).agent).toBe('ui')
    expect(chosen(['frontend'], { ui: 2, web: 1 }).agent).toBe('web')
  })

  it('goes by its words when it asks for no skill', () => {
    expect(chosen([], {}, 'Write the frontend').agent).toBe('ui')
  })

  it('that nobody has fails, with the skills that there are', () => {
    expect(() => chosen(['frontend', 'cooking'])).toThrow(
      'nobody can do "cooking"; the skills are: db (Databases, data modelling), backend (api design), ui (frontend), web (Frontend)',
    )
  })
})
