import { describe, expect, it } from 'vitest'
import { crewHome } from '../helpers/crew.ts'

const TEAM = {
  agents: {
    inner: {
      kind: 'team',
      team: {
        name: 'inner',
        agents: {
          echo: { kind: 'command', run: ['cat'], effects: 'pure' },
          boss: { kind: 'human', prompt: 'Send it?', choices: ['send', 'drop'] },
        },
        pattern: { kind: 'pipeline', stages: ['echo', 'boss'] },
      },
    },
    end: { kind: 'command', run: ['cat'], effects: 'pure' },
  },
  pattern: { kind: 'pipeline', stages: ['inner', 'end'] },
}

describe('a person in a team', () => {
  it('is waited for, answers when it suits, and the run goes on from there', async () => {
    const { crew, team } = crewHome()
    const waiting = await crew(['run', team(TEAM), 'A letter'])
    expect(waiting).toMatchObject({ code: 4, stdout: '' })
    expect(waiting.stderr).toMatch(/inner\/team\/boss\/answer: Send it\?/)
    expect(waiting.stderr).toMatch(/answer with: crew answer \w+ send/)

    const wrong = await crew(['answer', 'last', 'perhaps'])
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('answer with one of: send, drop'),
    })
    expect(await crew(['answer', 'last', 'send'])).toMatchObject({ code: 0 })

    const { code, stdout } = await crew(['resume', 'last', '--quiet'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'A letter\n\nFrom inner:\nsend\n' })
  })

  it('is not waited for in a rehearsal', async () => {
    const { crew, team } = crewHome()
    const { code, stdout } = await crew(['run', team(TEAM), 'A letter', '--rehearse', '--quiet'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'A letter\n\nFrom inner:\nsend\n' })
  })
})

it('a nested team with a mistake is refused with the place in its own file', async () => {
  const { crew, team } = crewHome()
  team(
    { agents: { a: { kind: 'team', team: 'team.json' } }, pattern: { kind: 'pipeline', stages: ['a'] } },
    'b.json',
  )
  const path = team({
    agents: { a: { kind: 'team', team: 'b.json' } },
    pattern: { kind: 'pipeline', stages: ['a'] },
  })
  const { code, stderr } = await crew(['validate', path])
  expect(code).toBe(2)
  expect(stderr).toMatch(
    /b\.json:1:\d+: error: agents\.a\.team: this team is inside of itself: \S*team\.json → \S*b\.json → \S*team\.json/,
  )
  expect(stderr).toMatch(/mend the problem in b\.json/)
  expect(JSON.parse((await crew(['validate', path, '--json'])).stdout)).toMatchObject({
    ok: false,
    problems: [{ file: expect.stringMatching(/b\.json$/), path: 'agents.a.team', line: 1 }],
  })
})
