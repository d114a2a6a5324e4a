import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../../src/app.ts'
import { CrewError } from '../../src/errors.ts'
import { decisions, type Parts, play, playOn } from '../helpers/play.ts'
import { temporaryStore } from '../helpers/runs.ts'
import { finish, team } from '../helpers/teams.ts'

/** An agent that writes `text` into `file` of the folder it works in. */
const writer = (file: string, text: string) => ({
  kind: 'command',
  run: [
    'node',
    '-e',
    `require("fs").writeFileSync(${JSON.stringify(file)}, ${JSON.stringify(text)}); console.log("done")`,
  ],
  stdin: 'none',
  effects: 'idempotent',
})

const CLASH = { conflicts: [{ between: ['ann', 'ben'], about: 'the colour', why: 'red is not blue' }] }

const talk = (conflicts: object, parts: Parts = {}) =>
  play({
    parts: { ann: ['red'], ben: ['blue'], judge: [CLASH], ...parts },
    pattern: { kind: 'parallel', branches: ['ann', 'ben'], conflicts: { judge: 'judge', ...conflicts } },
    input: { task: 'Which colour?' },
  })

describe('results that contradict each other', () => {
  it('are settled by priority, and whose does not count is gone', async () => {
    const { outcome, events } = await talk({ resolve: 'priority', priority: ['ben'] })
    expect(outcome).toEqual({ state: 'succeeded', output: { ben: 'blue' } })
    expect(decisions(events, 'conflict')).toMatchObject([
      {
        reason: expect.stringContaining('ben comes first'),
        values: { between: ['ann', 'ben'], how: 'take', from: 'ben' },
      },
    ])
  })

  it('are merged by an agent', async () => {
    const { outcome } = await talk({ resolve: 'merge', by: 'judge' }, { judge: [CLASH, { value: 'violet' }] })
    expect(outcome).toEqual({ state: 'succeeded', output: { ann: 'violet' } })
  })

  it('are decided by a supervisor', async () => {
    const parts = { judge: [CLASH, { from: 'ann', why: 'It is warmer.' }] }
    const { outcome, events } = await talk({ resolve: 'escalate', by: 'judge' }, parts)
    expect(outcome).toEqual({ state: 'succeeded', output: { ann: 'red' } })
    expect(decisions(events, 'conflict')[0]?.reason).toMatch(/judge chose ann: It is warmer\./)
  })

  it('wait for a person where nobody else decides', async () => {
    const { outcome } = await talk({ resolve: 'escalate' })
    expect(outcome).toMatchObject({ state: 'waiting' })
  })

  it('are done again, one after the other, the later ones knowing the earlier', async () => {
    const ben = (told: string) =>
      told.includes('red is not blue') && told.includes('From ann:\nred') ? 'red too' : 'blue'
    const { outcome } = await talk({ resolve: 'rerun' }, { ben })
    expect(outcome).toEqual({ state: 'succeeded', output: { ann: 'red', ben: 'red too' } })
  })

  it('are left alone when the judge sees no contradiction', async () => {
    const { outcome, events } = await talk({ resolve: 'priority' }, { judge: [{ conflicts: [] }] })
    expect(outcome).toEqual({ state: 'succeeded', output: { ann: 'red', ben: 'blue' } })
    expect(decisions(events, 'conflict')).toEqual([])
  })
})

describe('agents that touch the same thing', () => {
  it('work one after the other, which is said, though they stand in parallel', async () => {
    const { outcome, events } = await play({
      parts: { ann: ['1'], ben: ['2'], cid: ['3'] },
      more: { ann: { writes: ['db'] }, ben: { reads: ['db'] }, cid: { reads: ['docs'] } },
      pattern: { kind: 'parallel', branches: ['ann', 'ben', 'cid'] },
    })
    expect(outcome).toEqual({ state: 'succeeded', output: { ann: '1', ben: '2', cid: '3' } })
    expect(decisions(events, 'serialise')).toMatchObject([
      { values: { resource: 'db', first: 'ann', second: 'ben' } },
    ])
    const order = events.flatMap(event =>
      'key' in event && /^branches\/(ann|ben)$/.test(event.key) && event.type.startsWith('step.s')
        ? [`${event.type} ${event.key.at(-3)}`]
        : [],
    )
    expect(order).toEqual(['step.started a', 'step.succeeded a', 'step.started b', 'step.succeeded b'])
  })
})

describe('agents with a working copy each', () => {
  async function write(files: Readonly<Record<string, [file: string, text: string]>>, conflicts?: object) {
    const agents = Object.fromEntries(
      Object.entries(files).map(([name, [file, text]]) => [name, writer(file, text)]),
    )
    const pattern = {
      kind: 'parallel',
      branches: Object.keys(files),
      workspace: 'own',
      ...(conflicts && { conflicts }),
    }
    const loaded = await team({ agents, pattern, input: {} })
    writeFileSync(join(loaded.root, 'shared.txt'), 'a\nb\nc\n')
    const finished = await finish(loaded)
    return { ...finished, read: (file: string) => readFileSync(join(loaded.root, file), 'utf8') }
  }

  it('do not see each other, and their changes are put together at the end', async () => {
    const { outcome, read, events } = await write({
      ann: ['shared.txt', 'A\nb\nc\n'],
      ben: ['shared.txt', 'a\nb\nC\n'],
    })
    expect(outcome).toMatchObject({ state: 'succeeded' })
    expect(read('shared.txt')).toBe('A\nb\nC\n')
    expect(decisions(events, 'merge')).toMatchObject([{ values: { taken: {}, merged: ['shared.txt'] } }])
  })

  it('fail with who and what when they change the same lines and nobody said what then', async () => {
    const { outcome, read } = await write({ ann: ['shared.txt', 'A\n'], ben: ['shared.txt', 'B\n'] })
    expect(outcome).toMatchObject({
      state: 'failed',
      error: { code: 'conflict', message: expect.stringMatching(/ann and ben changed shared\.txt/) },
    })
    expect(read('shared.txt')).toBe('a\nb\nc\n')
  })

  it('are rolled back and run again in sequence where the file says so', async () => {
    const { outcome, read, events } = await write(
      { ann: ['shared.txt', 'A\n'], ben: ['shared.txt', 'B\n'] },
      { resolve: 'rerun' },
    )
    expect(outcome).toMatchObject({ state: 'succeeded' })
    expect(read('shared.txt')).toBe('B\n')
    expect(decisions(events, 'conflict')).toMatchObject([
      { values: { about: 'shared.txt', first: 'ann', others: ['ben'] } },
    ])
  })

  it('are not asked again when the run is resumed after it had failed to merge', async () => {
    const { id, store } = await write({ ann: ['shared.txt', 'A\n'], ben: ['shared.txt', 'B\n'] })
    const before = await store.events(id)
    expect(await playOn({ id, store })).toMatchObject({
      state: 'failed',
      error: { code: 'conflict' },
    })
    const after = (await store.events(id)).slice(before.length)
    expect(after.filter(event => event.type === 'step.started' && event.kind === 'command')).toEqual([])
  })

  it('bring the same home when the run is stopped at any moment and resumed', async () => {
    const agents = { ann: writer('shared.txt', 'A\nb\nc\n'), ben: writer('shared.txt', 'a\nb\nC\n') }
    const pattern = { kind: 'parallel', branches: ['ann', 'ben'], workspace: 'own' }
    for (let stop = 1, isOver = false; !isOver; stop += 1) {
      const loaded = await team({ agents, pattern, input: {} })
      const file = join(loaded.root, 'shared.txt')
      writeFileSync(file, 'a\nb\nc\n')
      const store = await temporaryStore()
      const controller = new AbortController()
      const onEvent = (event: object) => {
        if ('seq' in event && event.seq === stop)
          controller.abort(new CrewError('interrupted', 'stopped by the test'))
      }
      let id = ''
      const onCreated = (created: string) => {
        id = created
      }
      const outcome = await run(
        loaded,
        {},
        { rehearsal: false, onCreated },
        {
          store,
          env: {},
          interrupt: controller.signal,
          onEvent,
        },
      )
      isOver = outcome.state === 'succeeded'
      const resumed = isOver ? outcome : await playOn({ id, store })
      expect(resumed, `stopped at event ${stop}`).toMatchObject({ state: 'succeeded' })
      expect(readFileSync(file, 'utf8'), `stopped at event ${stop}`).toBe('A\nb\nC\n')
    }
  })
})
