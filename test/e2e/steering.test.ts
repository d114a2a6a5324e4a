import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { crewHome, ended, said } from '../helpers/crew.ts'
import { modelServer } from '../helpers/model-server.ts'
import { speak } from '../helpers/scripted.ts'

const shell = (script: string) => ({ kind: 'command', run: ['sh', '-c', script], effects: 'pure' })

const inTurn = (agents: Record<string, object>) => ({
  agents,
  pattern: { kind: 'pipeline', stages: Object.keys(agents) },
})

const ASKING = inTurn({
  boss: { kind: 'human', prompt: 'Send it?', choices: ['send', 'drop'] },
  sender: { kind: 'command', run: ['cat'], effects: 'pure' },
})

/** Whether some process sleeps for so many seconds. */
const isAsleep = (seconds: string) =>
  execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).includes(`sleep ${seconds}`)

describe('steering a run from another terminal', () => {
  it('crew pause lets it finish what is under way, and crew resume goes on', async () => {
    const { crew, start, team } = crewHome()
    const run = start([
      'run',
      team(inTurn({ one: shell('sleep 1; echo one'), two: shell('echo two') })),
      'go',
    ])
    const end = ended(run)
    await said(run, /▸ one/)
    expect(await crew(['pause', 'last', 'lunch', 'time'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\w+: paused; go on with: crew resume \w+\n$/),
    })
    const { code, stderr } = await end
    expect(code).toBe(130)
    expect(stderr).toMatch(/✓ one .*■ interrupted .* paused by \S+: lunch time\n/s)
    expect(stderr).not.toContain('▸ two')
    expect((await crew(['show'])).stdout).toMatch(/ stopped +paused by \S+: lunch time\n/)
    expect(await crew(['pause'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/is interrupted: there is nothing to pause\n→ go on with: crew resume/),
    })
    expect(await crew(['resume', 'last', '-q'])).toMatchObject({ code: 0, stdout: 'two\n' })
  })

  it('crew cancel breaks it off for good, with all processes that it has started', async () => {
    const { crew, start, team, db } = crewHome()
    // It says so by its name that it runs, and listens to nobody.
    const nap = `60.${process.pid}`
    const stubborn = shell(`trap '' TERM INT; sleep ${nap} & sleep ${nap}`)
    const run = start(['run', team(inTurn({ stubborn })), 'go'])
    const end = ended(run)
    await expect.poll(() => isAsleep(nap), { timeout: 5000 }).toBe(true)
    expect(await crew(['cancel', 'last', 'wrong', 'branch'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\w+: cancelled; /),
    })
    expect(await end).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cancelled by \S+: wrong branch\n$/),
    })
    expect(isAsleep(nap)).toBe(false)
    expect(await crew(['resume', 'last', '--db', db])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/was cancelled, and does not go on\n→ .*crew show \w+ --db \S+crew\.db;/),
    })
  })

  it('crew cancel ends a run that waits, and nothing is asked any more', async () => {
    const { crew, team } = crewHome()
    expect(await crew(['run', team(ASKING), 'go'])).toMatchObject({ code: 4 })
    expect(await crew(['cancel', 'last'])).toMatchObject({ code: 0 })
    expect(await crew(['inbox'])).toMatchObject({ code: 0, stderr: 'nothing waits for a person\n' })
    expect(await crew(['answer', 'last', 'send'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('asks nothing: it is cancelled'),
    })
  })

  it('crew tell is heard by the agent before its next turn', async () => {
    const server = await modelServer()
    let tell = async () => {}
    const call = { calls: [{ tool: 'list_files', args: {} }] }
    server.play(response => void tell().then(() => speak(call)(response)), speak('done'))
    const { crew, start, team } = crewHome(server.env)
    tell = async () => {
      expect(await crew(['tell', 'last', 'ann', 'Be', 'brief.'])).toMatchObject({ code: 0 })
      // The process looks every half second.
      await new Promise(resolve => setTimeout(resolve, 800))
    }
    const path = team(inTurn({ ann: { role: 'You are ann.', tools: ['list_files'] } }))
    const run = start(['run', path, 'go', '-q'])
    run.stdin?.end()
    expect(await ended(run)).toMatchObject({ code: 0, stdout: 'done\n' })
    const [first, second] = server.received.map(({ body }) => body)
    expect(first).not.toContain('Be brief.')
    expect(second).toContain('Be brief.')
    expect(await crew(['tell', 'last', 'ann', 'late'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is over: it is succeeded'),
    })
  })
})

describe('crew run --wait', () => {
  it('stays, says how to answer, and goes on when somebody does', async () => {
    const { crew, start, team } = crewHome()
    // The time during which it waits is none of its own.
    const run = start(['run', team({ ...ASKING, limits: { time: '1s' } }), 'go', '--wait'])
    const end = ended(run)
    await said(run, /… waits for a person; answer from another terminal: crew inbox \w+\n/)
    await new Promise(resolve => setTimeout(resolve, 1000))
    expect((await crew(['ls'])).stdout).toContain(`waiting, pid ${run.pid}`)
    expect((await crew(['answer', 'last', 'send'])).stdout).toContain(
      `process ${run.pid} takes it up by itself`,
    )
    expect(await end).toMatchObject({ code: 0, stdout: 'go\n\nFrom boss:\nsend\n' })
  })

  it('ends as waiting when it is stopped or paused, and nothing is lost', async () => {
    const { crew, start, team } = crewHome()
    const run = start(['run', team(ASKING), 'go', '--wait'])
    const end = ended(run)
    await said(run, /… waits/)
    run.kill('SIGINT')
    expect(await end).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/answer with: crew answer \w+ send/),
    })
    const again = start(['resume', 'last', '--wait'])
    const secondEnd = ended(again)
    await said(again, /… waits/)
    expect((await crew(['pause'])).stdout).toMatch(
      /^\w+: waits for a person, and nobody runs it; .*crew inbox \w+\n$/,
    )
    expect(await secondEnd).toMatchObject({ code: 4 })
    expect(await crew(['answer', 'last', 'send'])).toMatchObject({ code: 0 })
    const page = (await crew(['show'])).stdout
    expect(page).toContain('✓ boss/answer: answered by')
    expect(page).not.toContain('answer with')
    expect(await crew(['resume', 'last', '-q'])).toMatchObject({
      code: 0,
      stdout: 'go\n\nFrom boss:\nsend\n',
    })
  })
})
