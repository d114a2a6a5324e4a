import { expect, it, onTestFinished, vi } from 'vitest'
import { run } from '../../src/app.ts'
import type { JsonObject } from '../../src/json.ts'
import { answer, type Script, startFaultyServer } from '../helpers/faulty-server.ts'
import { goOn } from '../helpers/people.ts'
import { decisions } from '../helpers/play.ts'
import { temporaryStore } from '../helpers/runs.ts'
import { team } from '../helpers/teams.ts'

const echo = { kind: 'command', run: ['cat'], effects: 'pure' }
/** Keeps the process alive while a person is waited for. */
const slow = { kind: 'command', run: ['sleep', '1.2'], effects: 'pure' }

const says = (value: JsonObject) => answer(200, JSON.stringify(value))

/** Runs a team whose gates have a webhook that answers by the scripts. */
async function perform(
  scripts: Script[],
  { agents = {}, branches = ['a'], rehearsal = false, path = '/hook', settings = {}, patience = 0 } = {},
) {
  const server = await startFaultyServer()
  onTestFinished(() => server.close())
  server.play(...scripts)
  const definition = {
    env: ['HOOK', 'WORD'],
    ...settings,
    agents: { a: { ...echo, approve: 'always' }, ...agents },
    pattern: { kind: 'parallel', branches },
    gates: { webhook: { url: `\${env.HOOK}`, headers: { authorization: `Bearer \${env.WORD}` } } },
  }
  const store = await temporaryStore()
  const warnings: string[] = []
  const env = { HOOK: `${server.url}${path}`, WORD: 'open-sesame' }
  let id = ''
  const onCreated = (created: string) => {
    id = created
  }
  const warn = (line: string) => void warnings.push(line)
  const around = { store, env, interrupt: new AbortController().signal, onEvent: () => {}, warn, patience }
  const outcome = await run(
    await team(definition),
    { task: 'Paint open-sesame.' },
    { rehearsal, onCreated },
    around,
  )
  const heard = server.received.map(({ body }) => JSON.parse(body) as JsonObject)
  return { id, store, env, outcome, events: await store.events(id), warnings, server, heard }
}

it('takes an answer while the run only waits and its process stays, and alerts go on with it', async () => {
  const later = answer(202, '', { 'retry-after': '0.1' })
  const { outcome, events } = await perform([later, later, says({ answer: 'approve', by: 'ann' })], {
    agents: { a: { ...slow, approve: 'always' } },
    settings: { alerts: { stalled: '500ms' }, limits: { time: '10s' } },
    patience: 10_000,
  })
  expect(outcome).toMatchObject({ state: 'succeeded' })
  const types = events.map(({ type }) => type)
  expect(types.indexOf('run.waiting')).toBeLessThan(types.indexOf('run.resumed'))
  expect(events.filter(({ type }) => type === 'alert')).toMatchObject([
    { what: 'stalled', key: 'branches/a/run' },
  ])
})

const withSlow = { agents: { slow }, branches: ['a', 'slow'] }

it('asks a webhook, without secrets in the question, and takes its answer like that of anybody else', async () => {
  const { id, outcome, events, server, heard } = await perform(
    [says({ answer: 'approve', by: 'ann' })],
    withSlow,
  )
  expect(outcome).toMatchObject({ state: 'succeeded' })
  expect(heard).toEqual([
    expect.objectContaining({
      run: id,
      team: 'test',
      key: 'branches/a/approval',
      gate: 'agent',
      question: 'May a do this?',
      choices: ['approve', 'edit=TEXT', 'reject', 'reject=REASON'],
      editable: 'Paint [redacted:WORD].',
    }),
  ])
  expect(server.received[0]?.headers).toMatchObject({
    authorization: 'Bearer open-sesame',
    'idempotency-key': expect.stringMatching(/^.{20,}$/),
  })
  expect(events.find(({ type }) => type === 'wait.answered')).toMatchObject({
    value: 'approve',
    by: 'ann',
    via: `webhook ${server.host}`,
    saw: expect.any(String),
    answeredAt: expect.any(Number),
  })
})

it('asks again as often as it is told "later", with the same key, also when it fails in between', async () => {
  const later: Script = response => response.writeHead(202, { 'retry-after': '0.1' }).end()
  const broken: Script = response => response.writeHead(503, { 'retry-after': '0.1' }).end('busy')
  const scripts = [later, broken, broken, later, says({ answer: 'edit=Sing.' })]
  const { outcome, events, server } = await perform(scripts, withSlow)
  expect(outcome).toMatchObject({ state: 'succeeded', output: { a: 'Sing.' } })
  expect(server.received).toHaveLength(5)
  expect(new Set(server.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  expect(decisions(events, 'gate-webhook')).toMatchObject([
    { reason: expect.stringMatching(/did not answer: 503 .*busy/) },
  ])
})

it('does not take what is no answer, and never fails the run for it', async () => {
  const nonsense: Script = response =>
    response.writeHead(200, { 'retry-after': '60' }).end('{"answer": "perhaps"}')
  const { outcome, events } = await perform([nonsense], withSlow)
  expect(outcome).toEqual({ state: 'waiting', on: ['branches/a/approval'] })
  expect(decisions(events, 'gate-webhook')).toMatchObject([
    { reason: expect.stringMatching(/"perhaps" is no answer to branches\/a\/approval/) },
  ])
  const gone = await perform([answer(404, 'nothing here')], withSlow)
  expect(gone.outcome).toMatchObject({ state: 'waiting' })
  expect(gone.server.received).toHaveLength(1)
  expect(decisions(gone.events, 'gate-webhook')).toMatchObject([
    { reason: expect.stringMatching(/is not asked any more: 404/) },
  ])
})

it('asks what was open before when the run is resumed, and takes an answer that comes while the run ends', async () => {
  const held: Script = response => void setTimeout(() => says({ answer: 'approve' })(response), 300)
  const first = await perform([answer(204, ''), held])
  expect(first.outcome).toMatchObject({ state: 'waiting' })
  expect(first.heard).toHaveLength(1)
  expect(await goOn(first)).toMatchObject({ state: 'waiting' })
  expect(first.server.received).toHaveLength(2)
  await vi.waitFor(async () => expect(await first.store.signals(first.id, 0)).toHaveLength(1))
  expect(await goOn(first)).toMatchObject({ state: 'succeeded' })
})

it('asks nobody in a rehearsal, and refuses an address that is none', async () => {
  const { outcome, heard } = await perform([answer(204, '')], { rehearsal: true })
  expect([outcome.state, heard]).toEqual(['succeeded', []])
  const definition = {
    env: ['NOWHERE'],
    agents: { a: echo },
    pattern: { kind: 'pipeline', stages: ['a'] },
    gates: { webhook: `\${env.NOWHERE}` },
  }
  const around = {
    store: await temporaryStore(),
    env: { NOWHERE: 'x' },
    interrupt: new AbortController().signal,
    onEvent: () => {},
  }
  await expect(
    run(await team(definition), {}, { rehearsal: false, onCreated: () => {} }, around),
  ).rejects.toThrow(/gates cannot be asked at \$\{env\.NOWHERE\}/)
})
