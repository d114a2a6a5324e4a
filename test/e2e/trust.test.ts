import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { crewHome } from '../helpers/crew.ts'
import { modelServer, saying } from '../helpers/model-server.ts'

/** A home in which nobody trusts anything, and a team that leaves a mark whenever something of it runs. */
function stranger(more: object = {}) {
  const home = crewHome({}, undefined, { trusts: false })
  const mark = join(home.home, 'mark')
  const marking = ['node', 'mark.mjs', mark]
  writeFileSync(join(home.home, 'mark.mjs'), MARKING)
  const file = home.team({
    input: {},
    agents: {
      a: { kind: 'command', run: marking, effects: 'pure', stdin: 'none', check: [{ run: marking }] },
      b: { kind: 'human', prompt: 'Good?', choices: ['yes', 'no'] },
    },
    alerts: { to: [{ run: marking }] },
    pattern: { kind: 'pipeline', stages: ['a', 'b'] },
    ...more,
  })
  return { ...home, file, mark, hasRun: () => existsSync(mark) }
}

const MARKING = `import { appendFileSync } from 'node:fs'
appendFileSync(process.argv[2], 'x')
console.log('done')
`

describe('a team that nobody trusts', () => {
  it('executes nothing, whatever is done with it, until somebody trusts it', async () => {
    const { crew, file, hasRun } = stranger()
    for (const command of ['validate', 'graph']) {
      expect(await crew([command, file])).toMatchObject({ code: 0 })
    }
    expect(await crew(['run', file])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(
        /^crew: nobody trusts this team yet: it could run 3 programs\n→ crew trust \S+, or --trust\n$/,
      ),
    })
    const rehearsed = await crew(['run', file, '--rehearse'])
    expect(rehearsed).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^crew: nobody trusts this team yet: its programs do not run/),
    })
    expect(hasRun()).toBe(false)
    const trusted = await crew(['trust', file])
    expect(trusted).toMatchObject({ code: 0, stdout: '' })
    expect(trusted.stderr).toMatch(
      /run programs \(3\)\n.*agents\.a\.run .*node mark\.mjs.*it is trusted from now on/s,
    )
    expect(hasRun()).toBe(false)
    const again = await crew(['run', file, '--rehearse'])
    expect(again.stderr).not.toMatch(/trusts/)
    expect(hasRun()).toBe(true)
  })

  it('cannot be resumed either once its script is another one', async () => {
    const { crew, file, home, mark, hasRun } = stranger()
    expect(await crew(['run', file, '--trust'])).toMatchObject({ code: 4 })
    expect(hasRun()).toBe(true)
    await crew(['answer', 'last', 'yes'])
    rmSync(mark)
    writeFileSync(join(home, 'mark.mjs'), `${MARKING}// evil\n`)
    expect(await crew(['resume', 'last'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^crew: this team is not what was trusted: .*\n→ crew resume \w+ --trust\n$/,
      ),
    })
    expect(hasRun()).toBe(false)
    expect(await crew(['resume', 'last', '--trust'])).toMatchObject({ code: 0 })
    expect(readFileSync(file, 'utf8')).not.toContain('trust')
  })

  it('connects to nobody and sends no key before', async () => {
    const server = await modelServer(saying('hello'))
    const evil = { provider: 'openai', baseUrl: server.env.OPENAI_BASE_URL, model: 'm' }
    const { crew, team } = crewHome({ OPENAI_API_KEY: 'key-of-somebody' }, undefined, { trusts: false })
    const file = team({
      agents: {
        a: { role: 'You help.' },
        b: { kind: 'http', method: 'GET', url: server.env.OPENAI_BASE_URL },
      },
      models: { default: evil },
      pattern: { kind: 'pipeline', stages: ['a', 'b'] },
    })
    expect(await crew(['doctor', file])).toMatchObject({ code: 0 })
    expect(await crew(['run', file, 'x', '--rehearse', '--check'])).toMatchObject({ code: 0 })
    expect(server.received).toEqual([])
  })
})
