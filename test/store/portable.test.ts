import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { verify } from '../../src/app.ts'
import { pattern } from '../../src/patterns/index.ts'
import { digestOf, readRun, writeRun } from '../../src/store/portable.ts'
import { temporaryFolder, temporaryStore } from '../helpers/runs.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'
import { type Trials, task } from '../specs/teams/members.ts'

async function exported(kind: string) {
  const file = new URL(`../specs/teams/${kind}.ts`, import.meta.url)
  const { trials }: { trials: Trials } = await import(file.href)
  const [trial] = Object.values(trials)
  if (!trial) throw new Error(`no trial of ${kind}`)
  const { parts, input = { task } } = trial
  const env = parts ? { ...(await scripted(parts)).env } : {}
  const run = await finish(await team(trial.definition), { input, env, rehearsal: parts === undefined })
  const row = await run.store.run(run.id)
  if (!row) throw new Error('the run is not there')
  const path = join(temporaryFolder(), 'run.jsonl.gz')
  await writeRun(run.store, row, path)
  return { ...run, row, path }
}

describe.each(pattern.options.map(option => option.unwrap().shape.kind.value))(
  'a run of the pattern %s',
  kind => {
    it('is the same in another store, and does the same there', async () => {
      const { store, id, events, row, path } = await exported(kind)
      const there = await temporaryStore()
      const found = await readRun(path)
      expect(await there.adopt(found.run, found.facts())).toBe(true)
      expect(await there.adopt(found.run, found.facts())).toBe(false)
      expect(await there.events(id)).toEqual(events)
      const { updatedAt, ...known } = row
      expect(await there.run(id)).toMatchObject({ ...known, usd: expect.closeTo(row.usd, 9) })
      expect(await digestOf(there, row, events.length)).toBe(await digestOf(store, row, events.length))
      expect((await verify(id, await there.events(id), { store: there, env: {} })).difference).toBeUndefined()
      expect(await there.spending.totals({ by: ['run'], since: 0 })).toEqual([])
    })
  },
)

it('names the file of its team in full, where somebody has typed less', async () => {
  const { row, store } = await exported('pipeline')
  const path = join(temporaryFolder(), 'run.jsonl.gz')
  await writeRun(store, { ...row, path: '../team.json' }, path)
  expect((await readRun(path)).run.path).toMatch(/^\/.+\/team\.json$/)
})

type Line = Record<string, unknown>

describe('a file that is no run', () => {
  let lines: Line[]
  let bytes: Buffer
  const folder = () => temporaryFolder()

  beforeAll(async () => {
    const agents = { ann: { role: 'You are ann.' } }
    const definition = { name: 't', agents, pattern: { kind: 'pipeline', stages: ['ann'] } }
    const base = {
      crew: '0',
      definition: { team: definition, root: '/work', files: {} },
      input: {},
      team: 't',
    }
    lines = [
      { crew: 'run', format: 1, id: 'abc123', path: '/work/t.yaml', createdAt: 5 },
      { ...base, rehearsal: true, type: 'run.started', seq: 1, at: 5 },
      { key: 'ann', kind: 'agent', fingerprint: '', type: 'step.started', seq: 2, at: 6 },
      { key: 'ann', output: 'x', type: 'step.succeeded', seq: 3, at: 7 },
      { output: 'x', type: 'run.succeeded', seq: 4, at: 8 },
    ]
    bytes = pack(lines)
  })

  /** With an end that fits, unless there is one. */
  function pack(some: readonly (Line | string)[]): Buffer {
    const text = some.map(line => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')
    const sha256 = createHash('sha256').update(text).digest('hex')
    return gzipSync(`${text}${JSON.stringify({ end: true, events: some.length - 1, sha256 })}\n`)
  }

  /** The file with another line in place of line `at`. */
  const instead = (at: number, line: Line | string) =>
    pack(lines.map((each, index) => (index === at ? line : each)))
  const change = (at: number, fields: Line) => instead(at, { ...lines[at], ...fields })

  async function refusal(content: Buffer) {
    const file = join(folder(), 'run.jsonl.gz')
    writeFileSync(file, content)
    const error = await readRun(file).then(
      () => undefined,
      thrown => thrown,
    )
    expect(error).toMatchObject({ code: 'usage', exit: 2 })
    return error.message.replace(/^.*? was not imported: (.*); nothing was changed$/, '$1')
  }

  it('is read when it is one', async () => {
    const file = join(folder(), 'run.jsonl.gz')
    writeFileSync(file, bytes)
    expect((await readRun(file)).run).toMatchObject({ id: 'abc123', state: 'succeeded', imported: 4 })
    const alert = { key: '', what: 'throughput', reason: 'slow', type: 'alert', seq: 5, at: 9 }
    writeFileSync(file, pack([...lines, alert]))
    expect((await readRun(file)).run).toMatchObject({ state: 'succeeded', imported: 5 })
  })

  const cases: readonly [what: string, make: () => Buffer, why: RegExp][] = [
    ['not compressed', () => Buffer.from('hello '.repeat(99)), /not compressed/],
    ['empty', () => Buffer.alloc(0), /cut off/],
    ['cut off', () => bytes.subarray(0, bytes.length - 9), /cut off/],
    [
      'without its end',
      () => gzipSync(gunzipSync(bytes).toString().split('\n').slice(0, -2).join('\n')),
      /cut off/,
    ],
    ['flipped in a bit', () => flipped(), /digest|damaged/],
    [
      'of another digest',
      () => gzipSync(gunzipSync(bytes).toString().replace('"output":"x"', '"output":"y"')),
      /digest/,
    ],
    [
      'lacking an event',
      () => gzipSync(gunzipSync(bytes).toString().replace('"events":4', '"events":5')),
      /missing/,
    ],
    ['longer than its end', () => gzipSync(`${gunzipSync(bytes)}{}\n`), /behind its end/],
    ['of a newer crew', () => change(0, { format: 2 }), /newer crew/],
    ['something else', () => instead(0, { name: 'npm' }), /no run/],
    ['named like a path', () => change(0, { id: '../../etc/x' }), /no id/],
    ['from a path that climbs', () => change(0, { path: '/work/../etc/t.yaml' }), /no absolute path/],
    ['from a path with a NUL', () => change(0, { path: '/work/\u0000' }), /no absolute path/],
    [
      'working in a path that climbs',
      () => change(1, { definition: { team: {}, root: '/a/../..' } }),
      /no absolute path/,
    ],
    ['without a beginning', () => pack([...lines.slice(0, 1), ...lines.slice(2)]), /number 2/],
    ['in another order', () => pack([0, 1, 3, 2, 4].map(at => lines[at] ?? {})), /number 3/],
    ['beginning twice', () => change(2, { ...lines[1], seq: 2 }), /only once/],
    ['going on after its end', () => pack([...lines, { ...lines[2], seq: 5 }]), /while the run is succeeded/],
    [
      'ending a step twice',
      () => pack([...lines.slice(0, 4), { ...lines[3], seq: 4 }]),
      /illegal transition/,
    ],
    ['of an unknown kind', () => change(2, { type: 'step.exploded' }), /no kind of event/],
    ['of a kind every object has', () => change(2, { type: 'constructor' }), /no kind of event/],
    ['of wrong types', () => change(2, { key: 7 }), /key: is no text/],
    ['lacking a field', () => change(3, { output: undefined }), /output/],
    [
      'failing with an unknown error',
      () => change(4, { type: 'run.failed', error: { code: 'x', message: '' } }),
      /code/,
    ],
    ['at no time', () => change(2, { at: -1 }), /at: /],
    [
      'changing what all objects are',
      () => instead(3, '{"seq":3,"at":7,"type":"step.succeeded","key":"ann","output":{"__proto__":{"x":1}}}'),
      /__proto__/,
    ],
    [
      'deep',
      () =>
        instead(
          3,
          `{"seq":3,"at":7,"type":"step.succeeded","key":"ann","output":${'['.repeat(9e4)}${']'.repeat(9e4)}}`,
        ),
      /levels deep/,
    ],
    ['no JSON', () => instead(3, '{"seq":3,'), /not JSON/],
    ['a bomb', () => gzipSync(Buffer.alloc(40 * 2 ** 20, 32)), /200 times its size/],
  ]

  function flipped(): Buffer {
    const copy = Buffer.from(bytes)
    copy[40] = (copy[40] ?? 0) ^ 4
    return copy
  }

  it.each(cases)('is refused when it is %s', async (_, make, why) => {
    expect(await refusal(make())).toMatch(why)
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
  })

  it('is refused when it is not there, or a folder', async () => {
    await expect(readRun('/nowhere/run.jsonl.gz')).rejects.toMatchObject({ code: 'usage', exit: 2 })
    await expect(readRun(folder())).rejects.toMatchObject({ code: 'usage', exit: 2 })
  })
})
