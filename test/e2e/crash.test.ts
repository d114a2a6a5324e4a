import { describe, expect, it } from 'vitest'
import { crewHome } from '../helpers/crew.ts'
import { modelServer } from '../helpers/model-server.ts'

const TEAM = {
  agents: {
    find: { kind: 'command', run: ['node', '-e', 'console.log("found")'], stdin: 'none', effects: 'pure' },
    sum: { role: 'You sum up.', prompt: '${steps.find.output}' },
    write: { role: 'You write.' },
  },
  pattern: { kind: 'pipeline', stages: ['find', 'sum', 'write'] },
}

/** Events of an uninterrupted run: run, 3 agents, 1 command, 2 model calls with a reply each, the end. */
const EVENTS = 16
/** Some of them; behind every one, and in every pattern, runs are killed by `npm run test:crash`. */
const BEHIND = [1, 4, 7, 10, 12, 15]

async function killAndResume(crashAt: string) {
  const server = await modelServer()
  const { crew, team } = crewHome(server.env)
  const killed = await crew(['run', team(TEAM), 'go'], { env: { CREW_CRASH_AT: crashAt } })
  const paid = server.received.length
  const resumed = await crew(['resume', 'last', '--json'])
  return {
    killed,
    paid,
    resumed,
    requests: server.received.length,
    keys: server.received.map(r => r.headers['idempotency-key']),
  }
}

describe('a run that is killed with -9', () => {
  it('has the events that the next tests count on', async () => {
    const server = await modelServer()
    const { crew, team } = crewHome(server.env)
    const { stdout } = await crew(['run', team(TEAM), 'go', '--events'])
    expect(stdout.trim().split('\n')).toHaveLength(EVENTS)
    expect(server.received).toHaveLength(2)
  })

  it.each(BEHIND)('behind event %i goes on, and pays for no committed step again', async event => {
    const { killed, resumed, requests } = await killAndResume(`event:${event}`)
    expect(killed.signal).toBe('SIGKILL')
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(JSON.parse(resumed.stdout)).toMatchObject({ state: 'succeeded', output: 'All is well.' })
    expect(requests).toBeLessThanOrEqual(3)
  })

  it.each([
    'before:step.started',
    'after:step.started:2',
    'before:step.succeeded',
    'after:step.succeeded',
    'before:model.replied',
    'after:model.replied',
    'before:run.succeeded',
    'act:before:1',
    'act:after:1',
    'act:before:2',
    'act:after:2',
    'act:after:3',
  ])('at %s goes on; at most the one call in flight is sent again, under the same key', async point => {
    const { killed, resumed, requests, keys } = await killAndResume(point)
    expect(killed.signal).toBe('SIGKILL')
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(requests).toBeLessThanOrEqual(3)
    expect(new Set(keys).size).toBe(2)
  })

  it('charges what nobody knows the outcome of, as an estimate, and says so', async () => {
    const { resumed } = await killAndResume('act:after:2')
    const { spent } = JSON.parse(resumed.stdout)
    expect(spent).toMatchObject({ calls: 3, estimated: 1 })
  })

  it('is not resumed by two processes at once', async () => {
    const server = await modelServer(() => {})
    const { crew, start, team } = crewHome(server.env)
    const child = start(['run', team(TEAM), 'go'])
    child.stdin?.end()
    while (server.received.length === 0) await new Promise(resolve => setTimeout(resolve, 20))
    const second = await crew(['resume', 'last'])
    expect(second.code).toBe(5)
    expect(second.stderr).toContain(`process ${child.pid}`)
    child.kill('SIGKILL')
    await new Promise(resolve => child.on('close', resolve))
    server.play(response => response.writeHead(500).end())
    expect((await crew(['resume', 'last'])).code).toBe(1)
  })
})
