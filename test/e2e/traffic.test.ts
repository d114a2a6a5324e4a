import { describe, expect, it } from 'vitest'
import { crewHome, ended } from '../helpers/crew.ts'
import { answer, json, type Script } from '../helpers/faulty-server.ts'
import { modelServer, saying } from '../helpers/model-server.ts'

/** Answers after a while, and counts how many it answers at once. */
function slow(milliseconds: number) {
  const count = { now: 0, most: 0 }
  const script: Script = response => {
    count.now += 1
    count.most = Math.max(count.most, count.now)
    setTimeout(() => {
      count.now -= 1
      saying('All is well.')(response)
    }, milliseconds)
  }
  return { count, script }
}

const lanes = Array.from({ length: 6 }, (_, index) => `a${index}`)
const fanOut = {
  input: {},
  agents: Object.fromEntries(lanes.map(name => [name, { role: `You are ${name}.` }])),
  pattern: { kind: 'parallel', branches: lanes },
}

describe('a model that may answer two at once', () => {
  it('is not asked for more by two processes together', async () => {
    const { count, script } = slow(40)
    const server = await modelServer(script)
    const home = crewHome({ ...server.env })
    const file = home.team({ ...fanOut, models: { default: { model: 'm', concurrency: 2 } } })
    const runs = await Promise.all([1, 2].map(() => ended(home.start(['run', file, '--quiet']))))
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ])
    expect(server.received).toHaveLength(12)
    expect(count.most).toBe(2)
  })
})

describe('an agent that may work once at a time', () => {
  it('does so, however many places there are', async () => {
    const { count, script } = slow(30)
    const server = await modelServer(script)
    const home = crewHome({ ...server.env })
    const file = home.team({
      input: {},
      agents: { a: { role: 'You are a.', concurrency: 1 } },
      pattern: { kind: 'parallel', each: '${[1, 2, 3, 4]}', agent: 'a' },
    })
    expect(await home.crew(['run', file, '--quiet'])).toMatchObject({ code: 0 })
    expect([server.received.length, count.most]).toEqual([4, 1])
  })
})

describe('a model that failed again and again', () => {
  it('is found by crew doctor, and by crew run --check, which does not start', async () => {
    const server = await modelServer(json(500, { error: { message: 'on fire' } }))
    const home = crewHome({ ...server.env })
    const file = home.team({
      input: {},
      agents: { a: { role: 'You are a.', retry: { attempts: 1 } } },
      pattern: { kind: 'pipeline', stages: ['a'] },
      models: { default: { model: 'm', breaker: { failures: 1, cooldown: '1h' } } },
    })
    const first = await home.crew(['run', file])
    expect(first.stderr).toMatch(/breaker: openai\/m failed once and is not called for 1 hour: .*on fire/)
    server.play(answer(200, '{"object":"list","data":[{"id":"m"}]}'))
    const doctor = await home.crew(['doctor', file])
    expect(doctor.code).toBe(1)
    expect(doctor.stdout).toMatch(
      /✗ model default: openai\/m failed once .*tried again in (1 hour|60 minutes)/,
    )
    const calls = server.received.length
    const checked = await home.crew(['run', file, '--check'])
    expect(checked).toMatchObject({ code: 1, stdout: '' })
    expect(checked.stderr).toMatch(/^✗ model default: .*on fire.*\n {2}→ /)
    // The list of its models was looked at, and nothing else was asked.
    expect(server.received.slice(calls).map(({ path }) => path)).toEqual(['/v1/models'])
    expect(JSON.parse((await home.crew(['ls', '--json'])).stdout)).toHaveLength(1)
    // A rehearsal calls nobody.
    expect(await home.crew(['run', file, '--check', '--rehearse'])).toMatchObject({ code: 0 })
  })
})
