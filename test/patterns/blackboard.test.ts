import { describe, expect, it } from 'vitest'
import { decisions, failureOf, invocations, type Parts, play, playOn } from '../helpers/play.ts'
import { storeWith } from '../helpers/runs.ts'
import { type Finished, STOPS } from '../helpers/teams.ts'

const member = (name: string, more: object = {}) => ({ role: `You are ${name}.`, ...more })
const strict = (name: string) =>
  member(name, { check: [{ that: 'output == "good"' }], retry: { attempts: 1 } })

interface Setup {
  readonly parts: Parts
  readonly pattern: object
  readonly agents?: Readonly<Record<string, object>>
  readonly output?: string
}

/** A blackboard whose agents are the parts, unless they are declared. */
async function gather({ parts, pattern, agents = {}, output }: Setup) {
  const run = await play({
    parts,
    pattern: { kind: 'blackboard', ...pattern },
    more: agents,
    ...(output && { output }),
    input: { task: 'Decide.' },
  })
  const told = (turn: number) => JSON.parse(run.server.received[turn]?.body ?? '{}')
  return { ...run, told }
}

describe('contributors', () => {
  it('begin when their condition holds, see what they read, and end it when the goal is reached', async () => {
    const { outcome, events, told } = await gather({
      parts: { ann: ['It rains.'], ben: ['Take a coat.'] },
      pattern: {
        board: { question: '${input.task}', secret: 'none of your business' },
        contributors: {
          ann: { when: '!has(board.facts)', writes: ['facts'] },
          ben: { when: 'has(board.facts)', writes: ['advice'], reads: ['facts'] },
        },
        until: 'has(board.advice)',
      },
    })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Take a coat.' })
    expect(invocations(events)).toEqual(['board/ann-1', 'board/ben-1'])
    const asked = told(1).messages.at(-1).content
    expect(asked).toContain('From facts:\nIt rains.')
    expect(asked).not.toContain('none of your business')
    expect(asked).toContain('Your contribution is "advice"')
    expect(decisions(events, 'contribute').map(({ reason }) => reason)).toEqual([
      'ann has something to contribute: !has(board.facts)',
      'ben has something to contribute: has(board.facts)',
    ])
    expect(decisions(events, 'goal')[0]).toMatchObject({ reason: 'the goal is reached: has(board.advice)' })
  })

  it('write several names with the fields of one output, and leave out what is null', async () => {
    const { outcome, told } = await gather({
      parts: {
        ann: [
          { title: 'Rain', body: null },
          { title: 'Rain', body: 'It rains.' },
        ],
        ben: ['Ready.'],
      },
      pattern: {
        contributors: {
          ann: { when: '!has(board.body)', writes: ['title', 'body'] },
          ben: { when: 'has(board.title) && !has(board.note)', writes: ['note'] },
        },
        until: 'has(board.body)',
      },
      agents: {
        ann: member('ann', {
          output: {
            type: 'object',
            properties: { title: { type: 'string' }, body: { type: ['string', 'null'] } },
            required: ['title', 'body'],
          },
        }),
      },
      output: '${steps.board.output}',
    })
    expect(outcome).toEqual({
      state: 'succeeded',
      output: { title: 'Rain', note: 'Ready.', body: 'It rains.' },
    })
    expect(JSON.stringify(told(0).response_format)).toContain('"null"')
  })

  it('that declare no output are held to one that has the names', async () => {
    const { outcome, told } = await gather({
      parts: { ann: [{ a: 'x', b: 'y' }] },
      pattern: { contributors: { ann: { when: 'true', writes: ['a', 'b'] } }, until: 'has(board.b)' },
    })
    expect(outcome).toEqual({ state: 'succeeded', output: { a: 'x', b: 'y' } })
    expect(told(0).response_format.json_schema).toMatchObject({
      strict: true,
      schema: { required: ['a', 'b'] },
    })
  })

  it('begin anew what is older than what it came from', async () => {
    const run = await gather({
      parts: { plan: ['a', 'b'], work: ['A', 'B'], judge: ['no', 'yes'] },
      pattern: {
        contributors: {
          plan: {
            when: '!has(board.plan) || board.verdict == "no" && versions.verdict > versions.work',
            writes: ['plan'],
          },
          work: {
            when: 'has(board.plan) && (!has(board.work) || versions.plan > versions.work)',
            writes: ['work'],
          },
          judge: { when: 'has(board.work) && versions.work > versions.verdict', writes: ['verdict'] },
        },
        board: { verdict: 'none' },
        until: 'board.verdict == "yes"',
      },
      output: '${steps.board.output.work}',
    })
    expect(run.outcome).toEqual({ state: 'succeeded', output: 'B' })
    expect(invocations(run.events).map(key => key.slice('board/'.length))).toEqual([
      'plan-1',
      'work-1',
      'judge-1',
      'plan-2',
      'work-2',
      'judge-2',
    ])
  })

  it('that are still at work when the goal is reached are cancelled', async () => {
    const slow = ['node', '-e', 'setTimeout(() => {}, 60000)']
    const { outcome, events } = await gather({
      parts: { ann: ['done'] },
      agents: { slow: { kind: 'command', run: slow, stdin: 'none', effects: 'pure' } },
      pattern: {
        contributors: {
          slow: { when: 'true', writes: ['never'] },
          ann: { when: 'true', writes: ['report'] },
        },
        until: 'has(board.report)',
      },
    })
    expect(outcome).toEqual({ state: 'succeeded', output: 'done' })
    expect(decisions(events, 'goal')[0]?.values).toMatchObject({ cancelled: ['slow-1'] })
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'step.cancelled', key: 'board/slow-1', final: true }),
    )
  })

  it('do not contribute again as long as nothing is new', async () => {
    const error = failureOf(
      await gather({
        parts: { ann: ['a'] },
        pattern: { contributors: { ann: { when: 'true', writes: ['a'] } }, until: 'has(board.b)' },
      }),
    )
    expect(error.code).toBe('nobody-willing')
    expect(error.message).toBe(
      [
        'the board never met its goal (has(board.b)), and nobody contributes any more',
        'ann could contribute, but nothing is new since it last did',
        'on the board: a',
      ].join('\n  '),
    )
  })

  it('may write with tools while they work, which is not overwritten by what they say', async () => {
    const { outcome, events } = await gather({
      parts: {
        ann: [{ calls: [{ tool: 'write_board', args: { name: 'a', value: 'by hand' } }] }, 'I wrote it.'],
      },
      pattern: {
        contributors: { ann: { when: 'true', writes: ['a'], live: true } },
        until: 'has(board.a)',
      },
      output: '${steps.board.output.a}',
    })
    expect(outcome).toEqual({ state: 'succeeded', output: 'by hand' })
    expect(events.filter(({ type }) => type === 'board.written')).toHaveLength(1)
  })
})

describe('two who write one name, neither knowing of the other', () => {
  /** Both begin at once; which of them ends first is not said. */
  const rivals = (conflicts: object | undefined) => ({
    parts: { ann: ['up'], ben: ['down'], cid: [{ value: 'sideways' }] },
    pattern: {
      contributors: {
        ann: { when: '!has(board.way)', writes: ['way'] },
        ben: { when: '!has(board.way)', writes: ['way'] },
        check: { agent: 'cid', when: 'has(board.way) && size(board.way) > 20', writes: ['never'] },
        clock: { when: 'has(board.way)', writes: ['end'] },
      },
      until: 'has(board.end) && has(board.way)',
      ...(conflicts && { conflicts }),
    },
    agents: {
      clock: {
        kind: 'command',
        run: ['node', '-e', 'setTimeout(() => console.log(1), 500)'],
        effects: 'pure',
      },
    },
    output: '${steps.board.output.way}',
  })

  const conflictIn = ({ events }: Finished) => {
    const [conflict, ...more] = decisions(events, 'conflict')
    expect(more).toEqual([])
    return conflict?.values
  }

  it('are noticed, with both writers, versions and values; the later one has to look again', async () => {
    const run = await gather(rivals(undefined))
    const conflict = conflictIn(run)
    expect(conflict).toMatchObject({
      about: 'way',
      claims: { ann: '"up"', ben: '"down"' },
      why: expect.stringMatching(/\(version 1\) while (ann|ben), who knew version 0/),
      resolve: 'rerun',
    })
    // Its condition does not hold any more.
    expect(invocations(run.events).filter(key => /ann|ben/.test(key))).toHaveLength(2)
    expect(run.outcome).toEqual({ state: 'succeeded', output: conflict?.first === 'ann' ? 'up' : 'down' })
  })

  it.each([
    ['in the order of the file', undefined, 'up'],
    ['in the order that is declared', ['ben', 'ann'], 'down'],
  ])('go on with the value of who comes first %s', async (_, priority, value) => {
    const run = await gather(rivals({ resolve: 'priority', ...(priority && { priority }) }))
    expect(conflictIn(run)).toMatchObject({ how: 'take', from: value === 'up' ? 'ann' : 'ben' })
    expect(run.outcome).toMatchObject({ output: value })
  })

  it('go on with what an agent makes of both', async () => {
    const run = await gather(rivals({ resolve: 'merge', by: 'cid' }))
    expect(run.outcome).toMatchObject({ output: 'sideways' })
    const asked = run.server.received.map(({ body }) => body).find(body => body.includes('You are cid'))
    expect(asked).toContain('ann')
    expect(asked).toMatch(/From ben:\\ndown/)
  })

  it('wait for a person, who says whose value counts', async () => {
    const run = await gather(rivals({ resolve: 'escalate' }))
    expect(run.outcome).toMatchObject({ state: 'waiting' })
    const asked = run.events.find(({ type }) => type === 'wait.opened')
    if (asked?.type !== 'wait.opened') throw new Error('nobody was asked')
    const [, loser = ''] = asked.request.choices ?? []
    expect(asked.request.detail).toEqual({ ann: 'up', ben: 'down' })
    await run.store.signal(run.id, { kind: 'answer', key: asked.key, value: loser, by: 'me', at: 0 })
    const outcome = await playOn(run, { ann: ['up'], ben: ['down'] })
    expect(outcome).toMatchObject({ state: 'succeeded', output: loser === 'ann' ? 'up' : 'down' })
  })

  // Stopped behind the first of them, the other begins with what that one wrote.
  it.skipIf(STOPS)('are told, when they try again, what came in between', async () => {
    const run = await gather({
      parts: { ann: ['one'], ben: ['one'] },
      pattern: {
        contributors: {
          ann: { when: 'true', writes: ['n'], times: 2 },
          ben: { when: 'true', writes: ['n'], times: 2 },
        },
        until: 'has(board.never)',
      },
    })
    expect(failureOf(run).code).toBe('limit-rounds')
    const later = run.server.received.slice(2).map(({ body }) => body)
    expect(later[0]).toContain('so what you gave is not on the board')
  })
})

describe('a board without end', () => {
  it('fails when a contributor failed, and is resumed with only that done again', async () => {
    const setup = {
      parts: { ann: ['a'], ben: ['bad'], cid: ['c'] },
      agents: { ben: strict('ben') },
      pattern: {
        contributors: {
          ann: { when: '!has(board.a)', writes: ['a'] },
          ben: { when: 'has(board.a) && !has(board.b)', writes: ['b'] },
          cid: { when: 'has(board.b)', writes: ['c'] },
        },
        until: 'has(board.c)',
      },
    }
    const run = await gather(setup)
    const error = failureOf(run)
    expect(error.code).toBe('task-failed')
    expect(error.message).toContain('ben failed: ben gave an output that fails check 1')
    expect(error.message).toContain('cid waits for: has(board.b)')
    expect(error.message).toContain('on the board: a')
    expect(decisions(run.events, 'partial')[0]).toMatchObject({ reason: 'went on without ben-1' })

    const outcome = await playOn(run, { ben: ['good'], cid: ['c'] })
    expect(outcome).toEqual({ state: 'succeeded', output: 'c' })
    const after = (await run.store.events(run.id)).slice(run.events.length)
    expect(invocations(after).filter(key => key.includes('ann'))).toEqual([])
    // And that resume may be killed anywhere.
    const all = [...run.events, ...after]
    for (let kept = run.events.length + 1; kept < all.length; kept += 1) {
      const before = all.slice(0, kept)
      const store = await storeWith(before, run.id)
      const ended = await playOn({ ...run, store }, { ben: ['good'], cid: ['c'] })
      expect(ended, `killed behind event ${kept}`).toEqual({ state: 'succeeded', output: 'c' })
    }
  })

  it('stops at the rounds that there may be, and a resume allows as many again', async () => {
    let count = 0
    const parts = { ann: () => `a${++count}`, ben: () => `b${++count}` }
    const run = await gather({
      parts,
      pattern: {
        contributors: {
          ann: { when: 'true', writes: ['a'], times: 100 },
          ben: { when: 'true', writes: ['b'], times: 100 },
        },
        until: 'has(board.never)',
        rounds: 4,
      },
    })
    const error = failureOf(run)
    expect(error).toMatchObject({ code: 'limit-rounds', exit: 3 })
    expect(error.message).toContain('there were 4 contributions already, as many as may be')
    expect(invocations(run.events)).toHaveLength(4)
    expect(await playOn(run, parts)).toMatchObject({ state: 'failed', error: { code: 'limit-rounds' } })
    expect(invocations(await run.store.events(run.id))).toHaveLength(8)
  })

  it('stops when two keep overwriting each other, with the history of what they wrote', async () => {
    const error = failureOf(
      await gather({
        parts: { ann: ['up'], ben: ['down'] },
        pattern: {
          contributors: {
            ann: { when: '!has(board.way) || board.way == "down"', writes: ['way'] },
            ben: { when: 'has(board.way) && board.way == "up"', writes: ['way'] },
          },
          until: 'has(board.way) && board.way == "agreed"',
        },
      }),
    )
    expect(error).toMatchObject({ code: 'limit-loop', exit: 3 })
    expect(error.message).toBe(
      [
        'ben and ann overwrite each other: twice in a row the board became what it had been before',
        'way: ann wrote "up" (version 1), ben wrote "down" (version 2), ann wrote "up" (version 3), ben wrote "down" (version 4)',
      ].join('\n  '),
    )
  })

  it('is no loop as long as something on it is new', async () => {
    let draft = 0
    const { outcome } = await gather({
      parts: { ann: () => `draft ${++draft}`, ben: () => (draft > 3 ? 'ok' : 'no') },
      pattern: {
        contributors: {
          ann: { when: '!has(board.draft) || board.verdict == "no"', writes: ['draft'], times: 9 },
          ben: { when: 'has(board.draft)', writes: ['verdict'], times: 9 },
        },
        board: { verdict: 'none' },
        until: 'board.verdict == "ok"',
      },
    })
    expect(outcome).toMatchObject({ state: 'succeeded', output: 'ok' })
  })

  it('lets a limit of the whole run through', async () => {
    const run = await play({
      parts: { ann: ['a'], ben: ['b'] },
      rest: { limits: { invocations: 1 } },
      pattern: {
        kind: 'blackboard',
        contributors: {
          ann: { when: 'true', writes: ['a'] },
          ben: { when: 'has(board.a)', writes: ['b'] },
        },
        until: 'has(board.b)',
      },
    })
    expect(failureOf(run).code).toBe('limit-invocations')
  })
})
