import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { Event } from '../../src/store/events.ts'
import { openQuestions } from '../../src/store/questions.ts'
import { viewOf } from '../../src/store/view.ts'
import { goOn as proceed } from '../helpers/people.ts'
import { storeWith } from '../helpers/runs.ts'
import { type Line, scripted } from '../helpers/scripted.ts'
import { type Finished, finish, team } from '../helpers/teams.ts'

interface Plot {
  readonly calls: readonly { readonly tool: string; readonly args: JsonObject }[]
  readonly tools?: readonly string[]
  readonly permissions?: object
  readonly own?: object
}

/** A team of one agent, which makes these calls in one turn and then says what it was told. */
async function scene({ calls, tools = ['write_file'], permissions, own }: Plot) {
  const line = (told: string): Line => {
    const results = told.split('\n\ntool: ').slice(1)
    return results.length > 0 ? results.join(' | ') : { calls }
  }
  const server = await scripted({ ann: line })
  const ann = { role: 'You are ann.', tools, ...(own && { permissions: own }) }
  const pattern = { kind: 'pipeline', stages: ['ann'] }
  const made = await team({ agents: { ann }, pattern, ...(permissions && { permissions }) })
  const at = (name: string) => join(made.root, name)
  return { team: made, env: server.env, at, server }
}

type Scene = Awaited<ReturnType<typeof scene>>

const begin = ({ team, env }: Scene) => finish(team, { input: { task: 'go' }, env })

/** Goes on with a run after these answers, by the keys of what they answer. */
async function goOn({ env }: Scene, run: Finished, answers: Readonly<Record<string, string>>) {
  for (const [key, value] of Object.entries(answers))
    await run.store.signal(run.id, { kind: 'answer', key, value, by: 'eve', at: Date.now() })
  const outcome = await proceed({ ...run, env })
  return { outcome, events: await run.store.events(run.id) }
}

const write = (path: string, content = 'words') => ({ tool: 'write_file', args: { path, content } })
const FIRST = 'ann/turn-1/tool-1/permission'
const said = (events: readonly Event[], what: string) =>
  events.filter(event => event.type === 'decision' && event.what === what)

describe('a call that needs leave', () => {
  it('does nothing before a person has answered, and says what it would do', async () => {
    const stage = await scene({ calls: [write('out/a.md')] })
    const run = await begin(stage)
    expect(run.outcome).toEqual({ state: 'waiting', on: [FIRST] })
    expect(existsSync(stage.at('out'))).toBe(false)
    expect(openQuestions(viewOf(run.events))).toMatchObject([
      {
        key: FIRST,
        gate: 'tool',
        question: 'ann wants to change files with write_file',
        detail: { agent: 'ann', tool: 'write_file', arguments: { path: 'out/a.md' } },
        editable: { path: 'out/a.md', content: 'words' },
      },
    ])
  })

  it('happens once it is approved', async () => {
    const stage = await scene({ calls: [write('out/a.md')] })
    const { outcome } = await goOn(stage, await begin(stage), { [FIRST]: 'approve' })
    expect(outcome).toMatchObject({ state: 'succeeded' })
    expect(readFileSync(stage.at('out/a.md'), 'utf8')).toBe('words')
  })

  it('never happens when it is rejected, and the agent is told why', async () => {
    const stage = await scene({ calls: [write('out/a.md')] })
    const { outcome } = await goOn(stage, await begin(stage), { [FIRST]: 'reject=Not in this folder.' })
    expect(outcome).toMatchObject({
      output: expect.stringContaining('write_file was not allowed: Not in this folder.'),
    })
    expect(existsSync(stage.at('out'))).toBe(false)
  })

  it('happens as the person has changed it', async () => {
    const stage = await scene({ calls: [write('out/a.md', 'drivel')] })
    const edit = `edit=${JSON.stringify({ path: 'out/b.md', content: 'sense' })}`
    const { outcome } = await goOn(stage, await begin(stage), { [FIRST]: edit })
    const told = /A person changed the arguments to \{"content":"sense","path":"out\/b.md"\}\]\nCreated/
    expect(outcome).toMatchObject({ state: 'succeeded', output: expect.stringMatching(told) })
    expect(existsSync(stage.at('out/a.md'))).toBe(false)
    expect(readFileSync(stage.at('out/b.md'), 'utf8')).toBe('sense')
  })

  it('is not made by a person either where the team denies it', async () => {
    const stage = await scene({ calls: [write('a.md')], permissions: { deny: ['write_file(secret/**)'] } })
    const edit = `edit=${JSON.stringify({ path: 'secret/b.md', content: 'x' })}`
    const { outcome, events } = await goOn(stage, await begin(stage), { [FIRST]: edit })
    expect(outcome).toMatchObject({ output: expect.stringContaining('deny write_file(secret/**)') })
    expect(existsSync(stage.at('secret'))).toBe(false)
    expect(said(events, 'denied')).toHaveLength(1)
  })

  it('is asked about once for the whole run where the person says always', async () => {
    const stage = await scene({ calls: [write('a.md')] })
    const lines: Line[] = [{ calls: [write('a.md')] }, { calls: [write('b.md')] }, 'Done.']
    const { env } = await scripted({ ann: lines })
    const run = await finish(stage.team, { input: { task: 'go' }, env })
    const { outcome, events } = await goOn({ ...stage, env }, run, { [FIRST]: 'always' })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Done.' })
    expect(existsSync(stage.at('b.md'))).toBe(true)
    expect(events.filter(({ type }) => type === 'wait.opened')).toHaveLength(1)
  })

  it('does not happen when what was approved has become something else', async () => {
    const stage = await scene({ calls: [write('out/a.md')] })
    mkdirSync(stage.at('out'))
    mkdirSync(stage.at('other'))
    const run = await begin(stage)
    renameSync(stage.at('out'), stage.at('was-out'))
    symlinkSync('other', stage.at('out'))
    const { outcome } = await goOn(stage, run, { [FIRST]: 'approve' })
    expect(outcome).toMatchObject({ output: expect.stringContaining('its arguments mean something else') })
    expect(existsSync(stage.at('other/a.md'))).toBe(false)
  })

  it('of several in one turn are all asked about at once', async () => {
    const stage = await scene({ calls: [write('a.md'), write('b.md'), write('c.md')] })
    const run = await begin(stage)
    const keys = [1, 2, 3].map(number => `ann/turn-1/tool-${number}/permission`)
    expect(run.outcome.state === 'waiting' && [...run.outcome.on].sort()).toEqual(keys)
    const answers = { [keys[0] ?? '']: 'approve', [keys[1] ?? '']: 'reject', [keys[2] ?? '']: 'approve' }
    await goOn(stage, run, answers)
    expect(['a.md', 'b.md', 'c.md'].map(name => existsSync(stage.at(name)))).toEqual([true, false, true])
  })
})

describe('a call that needs no leave', () => {
  it('is one that a rule allows', async () => {
    const stage = await scene({ calls: [write('out/a.md')], permissions: { allow: ['write_file(out/**)'] } })
    const run = await begin(stage)
    expect(run.outcome).toMatchObject({ state: 'succeeded' })
    expect(existsSync(stage.at('out/a.md'))).toBe(true)
  })

  it('is one that a rule of the agent allows, unless the team asks', async () => {
    const allowed = { calls: [write('a.md')], own: { allow: ['write_file'] } }
    expect((await begin(await scene(allowed))).outcome.state).toBe('succeeded')
    const asked = { ...allowed, permissions: { ask: ['write_file(**/*.md)'] } }
    expect((await begin(await scene(asked))).outcome.state).toBe('waiting')
  })

  it('is never one that leads out of the folder, whatever is allowed', async () => {
    const stage = await scene({ calls: [write('../a.md')], permissions: { allow: ['write_file'] } })
    expect((await begin(stage)).outcome).toMatchObject({ output: expect.stringContaining('The tool failed') })
    expect(existsSync(stage.at('../a.md'))).toBe(false)
  })
})

it('a call that is denied is not made, and the trace says why', async () => {
  const stage = await scene({
    calls: [write('a.md')],
    permissions: { allow: ['write_file'], deny: ['write_*'] },
  })
  const run = await begin(stage)
  expect(run.outcome).toMatchObject({
    output: expect.stringContaining('The team does not allow this: deny write_*'),
  })
  expect(existsSync(stage.at('a.md'))).toBe(false)
  expect(said(run.events, 'denied')).toMatchObject([{ values: { tool: 'write_file', rule: 'write_*' } }])
})

it('reading can be denied, and what is denied is not listed either', async () => {
  const calls = [
    { tool: 'read_file', args: { path: 'secrets/key' } },
    { tool: 'list_files', args: {} },
    { tool: 'search_files', args: { text: 'hush' } },
  ]
  const deny = ['*(secrets/**)']
  const stage = await scene({
    calls,
    tools: ['read_file', 'list_files', 'search_files'],
    permissions: { deny },
  })
  mkdirSync(stage.at('secrets'))
  writeFileSync(stage.at('secrets/key'), 'hush')
  const { outcome } = await begin(stage)
  const text = outcome.state === 'succeeded' ? String(outcome.output) : ''
  expect(text).toContain('The team does not allow this')
  expect(text).toContain('team.json')
  expect(text).not.toMatch(/hush|secrets\/key/)
})

it('a rehearsal writes nothing, and asks nobody', async () => {
  const stage = await scene({ calls: [write('a.md')] })
  const { outcome, events } = await finish(stage.team, {
    input: { task: 'Write the file a.md' },
    rehearsal: true,
  })
  expect(outcome.state).toBe('succeeded')
  expect(events.some(({ type }) => type === 'wait.opened')).toBe(false)
  expect(existsSync(stage.at('a.md'))).toBe(false)
})

describe('a call of which nobody knows whether it happened', () => {
  const run_command = { tool: 'run_command', args: { argv: ['true'] } }
  const OUTCOME = 'ann/turn-1/tool-1/act/outcome-1'

  /** Killed right after the program was started. */
  async function killed() {
    const stage = await scene({ calls: [run_command], tools: ['run_command'] })
    const waiting = await begin(stage)
    const { events } = await goOn(stage, waiting, { [FIRST]: 'approve' })
    const begun = events.findIndex(event => event.type === 'step.started' && event.key.endsWith('/act'))
    const run = { ...waiting, store: await storeWith(events.slice(0, begun + 1), waiting.id) }
    return { stage, run, ...(await goOn(stage, run, {})) }
  }

  it('is asked about with the tool and its arguments', async () => {
    const { outcome, events } = await killed()
    expect(outcome).toEqual({ state: 'waiting', on: [OUTCOME] })
    expect(openQuestions(viewOf(events))).toMatchObject([
      { key: OUTCOME, detail: { tool: 'run_command', arguments: { argv: ['true'] } } },
    ])
  })

  it.each([
    ['skip', /^\[Nobody knows whether run_command was done: .+ go on without its result\.\]$/],
    ['done', /^\[It gave nothing\.\]$/],
    ['done=All 7 are sent.', /^All 7 are sent\.$/],
    ['retry', /^\[Exit code 0\.\]/],
  ])('is told to the model in words when a person says %s', async (answer, told) => {
    const { stage, run } = await killed()
    const { outcome } = await goOn(stage, run, { [OUTCOME]: answer })
    expect(outcome).toEqual({ state: 'succeeded', output: expect.stringMatching(told) })
  })
})
