import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { answer } from '../../src/commands/answer.ts'
import { approve } from '../../src/commands/approve.ts'
import type { CreateCommand } from '../../src/commands/command.ts'
import { edit } from '../../src/commands/edit.ts'
import { inbox } from '../../src/commands/inbox.ts'
import { reject } from '../../src/commands/reject.ts'
import type { Fact } from '../../src/store/events.ts'
import type { Store } from '../../src/store/store.ts'
import { began, history, started } from '../helpers/history.ts'
import { RUN, temporaryFolder, temporaryStore } from '../helpers/runs.ts'

const DEAD = { host: 'elsewhere', pid: 1 }
const OUTPUT = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
const CHOICES = ['approve', 'edit=JSON', 'reject', 'reject=REASON']

const opened = (key: string, request: object): Fact => ({
  type: 'wait.opened',
  key,
  request: { question: `${key}?`, ...request },
})
const ofOutput = (key: string) =>
  opened(key, {
    gate: 'output',
    choices: CHOICES,
    editable: { n: 1 },
    schema: OUTPUT,
    detail: { agent: 'writer' },
  })
const ofAgent = (key: string) =>
  opened(key, {
    gate: 'agent',
    choices: ['approve', 'edit=TEXT', 'reject', 'reject=REASON'],
    editable: 'Write.\nWell.',
  })

let folder: string
let db: string
let store: Store
let out: string
let err: string
let code: number | undefined

beforeEach(async () => {
  folder = temporaryFolder()
  db = join(folder, 'crew.db')
  store = await temporaryStore(db)
  out = err = ''
  code = undefined
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    err += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** A run that asks these, and waits. */
async function asks(facts: readonly Fact[], id = RUN.id, end: Fact = { type: 'run.waiting', on: [] }) {
  const [first, ...rest] = history(
    [0, began()],
    [0, started('writer', 'agent', { agent: 'writer' })],
    [0, started('boss', 'agent', { agent: 'boss' })],
    ...[...facts, end].map(fact => [5, fact] as const),
  )
  const lease = await store.create({ ...RUN, id }, DEAD, first as never)
  await store.commit(
    lease,
    rest.map(({ seq, ...fact }) => fact),
  )
  await store.release(lease)
}

async function crew(command: CreateCommand, ...args: string[]) {
  await command(exit => {
    code = exit
  })
    .exitOverride()
    .parseAsync([...args, '--db', db], { from: 'user' })
}

const left = async (id = RUN.id) =>
  (await store.signals(id, 0)).map(({ key, value, via }) => ({ key, value, via }))

describe('crew approve and crew reject', () => {
  it('show what is decided about, and leave the answer with who gave it, how, and what was shown', async () => {
    await asks([ofOutput('writer/review')])
    await crew(approve, 'last')
    expect(err).toMatch(
      /writer\/review asked by writer\n {2}writer\/review\?\n {2}agent: writer\n {2}output:\n {4}\{"n":1\}\n/,
    )
    expect(out).toMatch(/^writer\/review: approved; go on with: crew resume run1 --db /)
    expect(await store.signals(RUN.id, 0)).toMatchObject([
      {
        kind: 'answer',
        value: 'approve',
        via: 'crew approve',
        by: expect.stringContaining('@'),
        saw: expect.stringMatching(/.{20}/),
      },
    ])
  })

  it('put another value in its place, when that fits', async () => {
    await asks([ofOutput('writer/review')])
    await expect(crew(approve, 'last', '--edit', '{"n": "x"}')).rejects.toThrow(/n must be integer/)
    await expect(crew(approve, 'last', '--edit', '@nowhere.json')).rejects.toMatchObject({ code: 'usage' })
    await expect(crew(approve, 'last', '--always')).rejects.toThrow(
      /writer\/review is nothing to approve for always/,
    )
    expect(await left()).toEqual([])
    writeFileSync(join(folder, 'v.json'), '{"n": 2}\n')
    await crew(approve, 'last', 'review', '--edit', `@${join(folder, 'v.json')}`)
    expect(await left()).toEqual([{ key: 'writer/review', value: 'edit={"n": 2}\n', via: 'crew approve' }])
  })

  it('say which there are when several are open and none is named', async () => {
    await asks([ofAgent('writer/approval'), ofAgent('boss/approval')])
    await expect(crew(approve, 'last')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(
        /asks 2 questions; open are:\n {2}1 {2}writer\/approval: .*\n {2}2 {2}boss\/approval/,
      ),
    })
    await crew(approve, 'last', '2')
    await crew(reject, 'last', 'writer', 'Not', 'today.')
    expect(await left()).toEqual([
      { key: 'boss/approval', value: 'approve', via: 'crew approve' },
      { key: 'writer/approval', value: 'reject=Not today.', via: 'crew reject' },
    ])
    await expect(crew(approve, 'last', '1')).rejects.toThrow(/was answered already, by .*reject=Not today\./)
  })

  it('take what names no gate for the reason', async () => {
    await asks([ofAgent('writer/approval')])
    await crew(reject, 'last', 'Write', 'less.')
    expect(await left()).toEqual([
      { key: 'writer/approval', value: 'reject=Write less.', via: 'crew reject' },
    ])
  })

  it('refuse a question that is no gate, and a run that is over', async () => {
    await asks([opened('boss/answer', { choices: ['yes', 'no'] })])
    await expect(crew(approve, 'last')).rejects.toMatchObject({
      message: 'boss/answer is nothing to approve',
      details: {
        hint: expect.stringMatching(
          /answer with one of yes, no: crew answer run1 --db \S+ ANSWER --step boss\/answer/,
        ),
      },
    })
    await asks([ofAgent('writer/approval')], 'run2', { type: 'run.succeeded', output: '' })
    await expect(crew(approve, 'run2')).rejects.toThrow('run run2 asks nothing: it is succeeded')
    expect([...(await left()), ...(await left('run2'))]).toEqual([])
  })

  it('of two at once one counts, and the other is told who it was', async () => {
    await asks([ofAgent('writer/approval')])
    const ends = await Promise.allSettled([
      crew(approve, 'last'),
      crew(reject, 'last', 'No.'),
      crew(answer, 'last', 'approve'),
    ])
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
    const refused = ends.flatMap(end => (end.status === 'rejected' ? [end.reason] : []))
    for (const reason of refused)
      expect(reason).toMatchObject({
        code: 'usage',
        message: expect.stringMatching(/was answered already, by /),
      })
    expect(await left()).toHaveLength(1)
  })
})

describe('crew edit', () => {
  /** An editor that replaces the file by `text`, and keeps what it saw. */
  const editor = (script: string) => {
    const path = join(folder, 'editor.sh')
    writeFileSync(path, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
    vi.stubEnv('VISUAL', path)
  }
  const saw = () => readFileSync(join(folder, 'saw'), 'utf8')

  it('opens a private file with the value, and takes what comes out', async () => {
    await asks([ofOutput('writer/review')])
    editor(
      `cp "$1" ${folder}/saw; stat -c %a "$1" > ${folder}/mode; echo "$1" > ${folder}/path; echo '{ "n": 7 }' > "$1"`,
    )
    await crew(edit, 'last')
    expect(saw()).toBe('{\n  "n": 1\n}\n')
    expect(readFileSync(join(folder, 'mode'), 'utf8')).toBe('600\n')
    expect(existsSync(readFileSync(join(folder, 'path'), 'utf8').trim())).toBe(false)
    expect(await left()).toEqual([{ key: 'writer/review', value: 'edit={"n":7}', via: 'crew edit' }])
  })

  it('has texts as they are, with their lines', async () => {
    await asks([ofAgent('writer/approval')])
    editor(`cp "$1" ${folder}/saw; printf 'Write.\\nShort.\\n' > "$1"`)
    await crew(edit, 'last', 'writer')
    expect(saw()).toBe('Write.\nWell.\n')
    expect(await left()).toMatchObject([{ value: 'edit=Write.\nShort.' }])
  })

  it.each([
    ['nothing was changed', 'true', /nothing was changed, so nothing is decided/],
    ['it does not fit', `echo '{"n": "x"}' > "$1"`, /n must be integer/],
    ['it is no JSON', `echo '{' > "$1"`, /it is not JSON/],
    ['the file is gone', 'rm "$1"', /the editor left no file .*; nothing is decided/],
    ['the editor fails', 'exit 3', /the editor did not work: .* ended with exit code 3; nothing is decided/],
  ])('decides nothing when %s', async (_, script, message) => {
    await asks([ofOutput('writer/review')])
    editor(script)
    await expect(crew(edit, 'last')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
    })
    expect(await left()).toEqual([])
  })

  it('says so when there is no editor', async () => {
    await asks([ofOutput('writer/review')])
    vi.stubEnv('VISUAL', 'no-such-editor')
    await expect(crew(edit, 'last')).rejects.toThrow(/the editor did not work: no-such-editor was not found/)
  })
})

describe('crew inbox', () => {
  it('lists what waits over all runs, the oldest first, without what is answered or over', async () => {
    await asks([ofOutput('writer/review'), opened('boss/answer', { choices: ['a b'], until: 1 })], 'run1')
    await asks([ofAgent('writer/approval')], 'run2')
    await asks([ofAgent('writer/approval')], 'run3', { type: 'run.succeeded', output: '' })
    await crew(approve, 'run2')
    out = ''
    await crew(inbox)
    expect(out).toMatch(/^age .*\n\S+ ago +run1 +1 +test +writer +writer\/review\?/)
    expect(out).toMatch(/run1 +2 +test +boss +boss\/answer\? +too late\n/)
    expect(out).not.toMatch(/run2|run3/)
    expect(out).toMatch(/answer the first with: crew approve run1 --db \S+ writer\/review\n/)
    expect(out).toMatch(/too late means that the run goes on without an answer: crew resume run1 --db \S+\n/)
    out = ''
    await crew(inbox, 'run1')
    expect(out).toMatch(
      /answer with: nothing, it is too late; the run goes on without: crew resume run1 --db/,
    )
    out = ''
    await crew(inbox, '--json')
    expect(JSON.parse(out)).toMatchObject({
      waiting: [
        { run: 'run1', key: 'writer/review', number: 1, gate: 'output', editable: { n: 1 } },
        { key: 'boss/answer' },
      ],
    })
  })

  it('shows one question in full, harmless', async () => {
    const preview = `--- a\n+++ b\n-old\n+new\u001b[2J${'x'.repeat(300)}`
    const detail = { agent: 'writer', tool: 'write_file', arguments: { path: 'a.md' }, preview }
    await asks([
      opened('writer/turn-1/tool-1/permission', {
        gate: 'tool',
        choices: CHOICES,
        editable: { path: 'a.md' },
        detail,
      }),
    ])
    await crew(inbox, 'last', 'permission')
    expect(out).toContain(
      `  tool: write_file\n  arguments: {"path":"a.md"}\n  preview:\n    --- a\n    +++ b\n    -old\n    +new\\u{1b}[2J${'x'.repeat(300)}\n`,
    )
    expect(out).toMatch(/answer with: crew approve run1.*\n {11}or: crew edit run1/)
  })

  it('says so when nobody is waited for', async () => {
    await crew(inbox)
    expect([out, err]).toEqual(['', 'nothing waits for a person\n'])
    expect(code).toBeUndefined()
  })
})
