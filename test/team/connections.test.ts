import { describe, expect, it } from 'vitest'
import { team } from '../helpers/teams.ts'

const posts = { kind: 'http', url: '/x', connection: 'crm' }

/** What is said about the team whose only member is this one. */
async function saidOf(agent: object, more: object = {}): Promise<string> {
  const definition = { agents: { a: agent }, pattern: { kind: 'pipeline', stages: ['a'] }, ...more }
  return team(definition).then(
    ({ problems }) => problems.map(({ severity, message }) => `${severity}: ${message}`).join('\n'),
    ({ message }: Error) => message,
  )
}

describe('crew validate', () => {
  it('knows the connections that agents and tools name', async () => {
    const connections = {
      crm: { baseUrl: 'https://crm.example.com' },
      github: { baseUrl: 'https://api.github.com' },
    }
    const tools = { issue: { description: 'An issue.', get: '/issues', connection: 'github' } }
    expect(await saidOf(posts, { connections, tools })).not.toContain('connection')
  })

  it('finds one that is not there, and one that nothing uses', async () => {
    const said = await saidOf(posts, { connections: { crn: { baseUrl: 'https://crm.example.com' } } })
    expect(said).toContain('error: agents.a.connection: there is no connection "crm"')
    expect(said).toContain('did you mean "crn"?')
    const alone = await saidOf({}, { connections: { crm: { baseUrl: 'https://crm.example.com' } } })
    expect(alone).toBe('warning: nothing uses the connection "crm"')
  })

  it('says how to declare one where there are none', async () => {
    expect(await saidOf(posts)).toContain('declare it under connections: crm:')
  })
})
