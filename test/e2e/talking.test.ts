import { describe, expect, it } from 'vitest'
import { crewHome } from '../helpers/crew.ts'

const program = (answer: string) => ({
  kind: 'command',
  effects: 'pure',
  exchange: true,
  run: ['node', '-e', `console.log(JSON.stringify(${answer}))`],
})

const TALKING = {
  agents: {
    scout: program('{ output: "looked", write: { map: "sea" }, send: [{ to: "clerk", payload: "look" }] }'),
    clerk: program('{ output: "read", write: { map: "sea and land" } }'),
    cook: { kind: 'command', effects: 'pure', run: ['node', '-e', 'process.exit(3)'] },
  },
  pattern: { kind: 'pipeline', stages: ['scout', 'clerk', 'cook'] },
}

describe('crew show of a run that failed', () => {
  it('gives its board, at any moment, its messages, and what it has so far', async () => {
    const { crew, team } = crewHome()
    const { stderr, code } = await crew(['run', team(TALKING), 'go'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/2 results are kept; see them with: crew show \w+ --results/)

    const board = await crew(['show', '--board'])
    expect(board.stdout).toMatch(
      /^name +version +by +when +value\nmap +2 +clerk +\d\d:\d\d:\d\d +sea and land\n$/,
    )
    const events = (await crew(['logs', '--json'])).stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    const { seq } = events.find(({ type }) => type === 'board.written')
    const then = JSON.parse((await crew(['show', 'last', '--board', '--at', String(seq), '--json'])).stdout)
    expect(then).toMatchObject({ at: seq, board: [{ name: 'map', version: 1, by: 'scout', value: 'sea' }] })
    expect(await crew(['show', '--board', '--at', '1'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'nothing stands on the board\n',
    })

    const messages = await crew(['show', '--messages'])
    expect(messages.stdout).toMatch(/\nscout +clerk +status +acknowledged +look\n$/)
    const results = await crew(['show', '--results'])
    expect(results.stdout).toMatch(
      /\n✓ scout +scout +looked\n✓ clerk +clerk +read\n✗ cook +cook +command-failed: /,
    )
    const page = JSON.parse((await crew(['show', '--json'])).stdout)
    expect(page.agents[1].tokens).toEqual({ task: 1, knowledge: expect.any(Number) })
  })

  it.each([
    [['--at', '3'], /--at says when, and nothing says what.*--board/s],
    [['--board', '--at', '0'], /--at 0 is not the number of an event/],
    [['--board', '--messages'], /--board cannot be used with --messages/],
  ])('refuses %j', async (options, why) => {
    const { crew, team } = crewHome()
    await crew(['run', team(TALKING), 'go'])
    expect(await crew(['show', 'last', ...options])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(why),
    })
  })
})
