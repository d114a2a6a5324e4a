import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { resume, run } from '../../src/app.ts'
import { changeSetting } from '../../src/config.ts'
import { CrewError } from '../../src/errors.ts'
import type { JsonObject } from '../../src/json.ts'
import { answer, type FaultyServer, type Script, startFaultyServer } from '../helpers/faulty-server.ts'
import { modelServer, saying } from '../helpers/model-server.ts'
import { decisions } from '../helpers/play.ts'
import { temporaryFolder, temporaryStore } from '../helpers/runs.ts'
import { team } from '../helpers/teams.ts'

const OK = answer(200, 'ok')

async function receiver(...scripts: Script[]): Promise<FaultyServer> {
  const server = await startFaultyServer()
  onTestFinished(() => server.close())
  server.play(...(scripts.length > 0 ? scripts : [OK]))
  return server
}

function heardBy({ received }: FaultyServer): JsonObject[] {
  return received.map(({ body }) => JSON.parse(body))
}

/** Runs a team to its end, or until `interrupt` aborts. */
async function perform(
  definition: object,
  {
    env = {},
    rehearsal = false,
    interrupt = new AbortController().signal,
  }: { env?: Record<string, string>; rehearsal?: boolean; interrupt?: AbortSignal } = {},
) {
  const store = await temporaryStore()
  const warnings: string[] = []
  let id = ''
  const onCreated = (created: string) => {
    id = created
  }
  const warn = (line: string) => void warnings.push(line)
  const surroundings = { store, env, interrupt, onEvent: () => {}, warn }
  const outcome = await run(await team(definition), {}, { rehearsal, onCreated }, surroundings)
  const events = () => store.events(id)
  return { id, outcome, warnings, events, surroundings }
}

const node = (script: string, more: object = {}) => ({
  kind: 'command',
  run: ['node', '-e', script],
  stdin: 'none',
  effects: 'pure',
  ...more,
})
const alone = (agent: object) => ({
  agents: { worker: agent },
  pattern: { kind: 'pipeline', stages: ['worker'] },
})

describe('an alert', () => {
  it('of a stalled command reaches a webhook while the command runs, and is in the journal', async () => {
    const server = await receiver()
    const to = [{ webhook: server.url }]
    const agent = node('setTimeout(() => console.log("done"), 250)')
    const { id, outcome, events } = await perform({ ...alone(agent), alerts: { stalled: '60ms', to } })
    expect(outcome.state).toBe('succeeded')
    const [message, ...others] = heardBy(server)
    expect(others).toEqual([])
    expect(message).toMatchObject({ run: id, team: 'test', what: 'stalled', key: 'worker/run' })
    expect(message).toMatchObject({ resume: `crew resume ${id}`, values: { who: 'worker', kind: 'command' } })
    expect(message?.text).toContain(`run ${id}`)
    expect((await events()).filter(({ type }) => type === 'alert')).toHaveLength(1)
  })

  it('of an agent that fails, and of the run that fails by it, reaches a command', async () => {
    const file = join(temporaryFolder(), 'told')
    const script = `process.stdin.pipe(require('fs').createWriteStream(process.argv[1], { flags: 'a' }))
      .on('finish', () => require('fs').appendFileSync(process.argv[1], ' ' + process.env.CREW_ALERT + ' ' + process.env.CREW_RUN + '\\n'))`
    const to = [{ run: ['node', '-e', script, file] }]
    const agent = node('process.exit(3)', { retry: { attempts: 2, backoff: '1ms' } })
    const { id, outcome } = await perform({ ...alone(agent), alerts: { failing: 2, to } })
    expect(outcome.state).toBe('failed')
    const text = readFileSync(file, 'utf8')
    expect(text).toContain(`failing ${id}`)
    expect(text).toContain(`failed ${id}`)
    expect(text).toContain('"what":"failed"')
    expect(text).toContain('"code":"command-failed"')
  })

  it('of a run that stops to wait for a person is sent at once, with what is asked', async () => {
    const server = await receiver()
    const agent = { kind: 'human', prompt: 'Shall it be published?' }
    const { id, outcome } = await perform({ ...alone(agent), alerts: { to: [{ webhook: server.url }] } })
    expect(outcome.state).toBe('waiting')
    expect(heardBy(server)).toMatchObject([{ what: 'waiting', run: id }])
    expect(heardBy(server)[0]?.reason).toContain('Shall it be published?')
  })

  it('of a run that is interrupted is sent before the run is given back', async () => {
    const server = await receiver()
    const controller = new AbortController()
    setTimeout(() => controller.abort(new CrewError('interrupted', 'stopped by SIGTERM')), 150)
    const agent = node('setTimeout(() => {}, 60_000)')
    await perform(
      { ...alone(agent), alerts: { to: [{ webhook: server.url }] } },
      { interrupt: controller.signal },
    )
    expect(heardBy(server).map(({ what }) => what)).toEqual(['stopped'])
  })

  it('goes to a webhook whose address and headers come from the environment, which are written nowhere', async () => {
    const server = await receiver()
    const secret = 'hook-secret-1234567890'
    const to = [{ webhook: '${env.HOOK}', headers: { authorization: 'Bearer ${env.TOKEN}' } }]
    const { events } = await perform(
      { ...alone(node('process.exit(1)')), env: ['HOOK', 'TOKEN'], alerts: { to } },
      { env: { HOOK: `${server.url}/${secret}`, TOKEN: secret } },
    )
    expect(server.received[0]).toMatchObject({
      path: `/${secret}`,
      headers: { authorization: `Bearer ${secret}` },
    })
    expect(JSON.stringify(await events())).not.toContain(secret)
  })

  it('goes to the webhook of the settings, besides those of the team', async () => {
    const [own, everyones] = [await receiver(), await receiver()]
    // Of its own: runs of other tests read the common settings at the same time.
    vi.stubEnv('CREW_HOME', temporaryFolder())
    await changeSetting('alertWebhook', everyones.url)
    await perform({ ...alone(node('process.exit(1)')), alerts: { to: [{ webhook: own.url }] } })
    expect([own, everyones].map(server => server.received.length)).toEqual([1, 1])
  })

  it('is tried again when the webhook fails for a moment', async () => {
    const server = await receiver(answer(503, 'busy'), OK)
    const { warnings } = await perform({
      ...alone(node('process.exit(1)')),
      alerts: { to: [{ webhook: server.url }] },
    })
    expect(server.received).toHaveLength(2)
    expect(warnings).toEqual([])
  })

  it('that cannot be delivered is said, and does the run no harm', async () => {
    const server = await receiver(answer(404, 'gone'))
    const model = await modelServer(saying('Fine.'))
    const agents = { slow: node('setTimeout(() => {}, 200)'), next: node('setTimeout(() => {}, 200)') }
    const pattern = { kind: 'pipeline', stages: ['slow', 'next'] }
    const to = [{ webhook: `${server.url}/secret-path` }, { run: ['no-such-program'] }]
    const { outcome, events } = await perform(
      { agents, pattern, alerts: { stalled: '50ms', to } },
      { env: model.env },
    )
    expect(outcome.state).toBe('succeeded')
    const said = decisions(await events(), 'alert-undelivered').map(({ reason }) => reason)
    expect(said.sort()).toContain(`the webhook at ${server.host} was not told of "stalled": 404 gone`)
    expect(said.join()).toContain('no-such-program was not found')
    expect(said.join()).not.toContain('secret-path')
  })

  it('that cannot be delivered when the run is over is said to whoever started it', async () => {
    const server = await receiver(answer(404, 'gone'))
    const { warnings, events } = await perform({
      ...alone(node('process.exit(1)')),
      alerts: { to: [{ webhook: server.url }] },
    })
    expect(warnings).toEqual([`crew: the webhook at ${server.host} was not told of "failed": 404 gone`])
    expect((await events()).at(-1)?.type).toBe('run.failed')
  })

  it('of a rehearsal is told to nobody', async () => {
    const server = await receiver()
    const { outcome } = await perform(
      { ...alone(node('process.exit(1)')), alerts: { to: [{ webhook: server.url }] } },
      { rehearsal: true },
    )
    expect(outcome.state).toBe('failed')
    expect(server.received).toEqual([])
  })

  it('with no way to whom it is for is refused before the run begins', async () => {
    const definition = { ...alone(node('')), env: ['HOOK'], alerts: { to: [{ webhook: '${env.HOOK}' }] } }
    await expect(perform(definition, { env: { HOOK: 'nowhere' } })).rejects.toMatchObject({
      code: 'definition',
    })
  })

  it('is an event that a resumed run does not stumble over', async () => {
    const agents = { slow: node('setTimeout(() => {}, 150)'), person: { kind: 'human', prompt: 'Well?' } }
    const pattern = { kind: 'pipeline', stages: ['slow', 'person'] }
    const { id, events, surroundings } = await perform({ agents, pattern, alerts: { stalled: '40ms' } })
    const before = await events()
    expect(before.filter(({ type }) => type === 'alert')).toHaveLength(1)
    expect((await resume(id, before, {}, surroundings)).state).toBe('waiting')
    expect((await events()).filter(({ type }) => type === 'alert')).toHaveLength(1)
  })

  it('names the run in its hint, and more of what ran out than there was', async () => {
    const server = await receiver()
    const { id } = await perform({
      ...alone(node('setTimeout(() => {}, 60_000)')),
      limits: { time: '150ms' },
      alerts: { to: [{ webhook: server.url }] },
    })
    expect(heardBy(server)).toMatchObject([
      {
        what: 'failed',
        reason: `the run took as long as it may: 150 ms (give it more time: crew resume ${id} --limit time=300ms)`,
      },
    ])
  })
})

describe('what hangs and may not happen twice', () => {
  it('is told of, ended by its deadline and not tried again: a command', async () => {
    const file = join(temporaryFolder(), 'began')
    const agent = node(
      `require('fs').appendFileSync(${JSON.stringify(file)}, 'x'); setTimeout(() => {}, 60_000)`,
      { effects: 'once', timeout: { total: '400ms' } },
    )
    const { outcome, events } = await perform({ ...alone(agent), alerts: { stalled: '50ms' } })
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'timeout' } })
    expect(readFileSync(file, 'utf8')).toBe('x')
    expect((await events()).filter(({ type }) => type === 'alert')).toMatchObject([{ what: 'stalled' }])
    expect(decisions(await events(), 'retry')).toEqual([])
  })

  it('is told of, ended by its deadline and not tried again: a POST', async () => {
    const server = await receiver(() => {})
    const agent = { kind: 'http', url: server.url, timeout: { total: '300ms' } }
    const { outcome, events } = await perform({ ...alone(agent), alerts: { stalled: '50ms' } })
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'timeout' } })
    expect(server.received).toHaveLength(1)
    expect((await events()).filter(({ type }) => type === 'alert')).toMatchObject([{ what: 'stalled' }])
    expect(decisions(await events(), 'retry')).toEqual([])
  })
})
