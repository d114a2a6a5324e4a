import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { agreed, obtainTrust, type Person } from '../../src/commands/trusting.ts'
import { answers } from '../../src/trust.ts'
import { temporaryFolder } from '../helpers/runs.ts'
import { team } from '../helpers/teams.ts'

/** Somebody at a terminal, or a script, who gives `words`; `undefined` closes it. */
function person(words: readonly (string | undefined)[], isTTY = true) {
  vi.stubEnv('CREW_HOME', temporaryFolder())
  onTestFinished(() => void vi.unstubAllEnvs())
  const stdin = Object.assign(new PassThrough(), { isTTY })
  const stderr = Object.assign(new PassThrough(), { isTTY, columns: 80 })
  let said = ''
  const rest = [...words]
  stderr.on('data', chunk => {
    said += chunk
    if (!/\[y\/N.*\] /.test(String(chunk))) return
    const word = rest.shift()
    if (word === undefined) stdin.end()
    else stdin.write(`${word}\n`)
  })
  return { person: { stdin, stderr } as unknown as Person, said: () => said }
}

const runs = (count = 1) =>
  team({
    agents: Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `a${index}`,
        { kind: 'command', run: ['date', `+${index}`], effects: 'pure' },
      ]),
    ),
    pattern: { kind: 'pipeline', stages: Array.from({ length: count }, (_, index) => `a${index}`) },
  })

const FOR_REAL = { rehearsal: false, hint: 'crew trust team.json' }

describe('a team that could do something', () => {
  it('is run when somebody at the terminal has seen what, and says yes; that is kept', async () => {
    const asked = person(['y'])
    const team = await runs()
    expect(await obtainTrust(team, {}, FOR_REAL, asked.person)).toBe(true)
    expect(asked.said()).toMatch(
      /could:\n.*run programs \(1\)\n.*agents\.a0\.run.* {2}date \+0\n.*Run it\? \[y\/N\] /s,
    )
    expect(await answers()).toMatchObject([{ shown: ['agents.a0.run: date +0'] }])
    expect(await obtainTrust(team, {}, FOR_REAL, { ...asked.person })).toBe(true)
    expect(asked.said().match(/Run it/g)).toHaveLength(1)
  })

  it.each([['n'], [''], ['maybe'], ['a'], [undefined]])('is not run when the answer is %j', async word => {
    const asked = person([word])
    await expect(obtainTrust(await runs(), {}, FOR_REAL, asked.person)).rejects.toMatchObject({
      code: 'untrusted',
      exit: 2,
    })
    expect(await answers()).toEqual([])
  })

  it('shows all of a long list when it is asked to, and asks again', async () => {
    const asked = person(['a', 'y'])
    expect(await obtainTrust(await runs(12), {}, FOR_REAL, asked.person)).toBe(true)
    expect(asked.said()).toMatch(/… and 4 more.*\[y\/N\/a: show all\].*date \+11.*\[y\/N\/a: show all\]/s)
  })

  it('is not run without a terminal; the error says what it could do and how to say yes', async () => {
    const { person: script, said } = person([], false)
    await expect(obtainTrust(await runs(2), {}, FOR_REAL, script)).rejects.toMatchObject({
      code: 'untrusted',
      message: 'nobody trusts this team yet: it could run 2 programs',
      details: { hint: 'crew trust team.json' },
    })
    expect(said()).toBe('')
  })

  it('that was trusted before is said to be another, and what is new in it', async () => {
    const { person: script } = person([], false)
    const asked = person(['n'])
    const team = await runs()
    await obtainTrust(team, { trust: true }, FOR_REAL, script)
    const more = { ...(await runs(3)), path: team.path, root: team.root }
    await expect(obtainTrust(more, {}, FOR_REAL, script)).rejects.toMatchObject({
      code: 'untrusted',
      message:
        'this team is not what was trusted: new is agents.a1.run: date +1, and 1 more; it could run 3 programs',
    })
    await expect(obtainTrust(more, {}, FOR_REAL, asked.person)).rejects.toMatchObject({ code: 'untrusted' })
    expect(asked.said()).toMatch(/^crew: this team is not what was trusted: new is .*\n.*could:\n/)
  })

  it('whose script has changed since it was trusted is said to be another', async () => {
    const { person: script } = person([], false)
    const team = await runs()
    await writeFile(join(team.root, 'date'), 'one')
    await obtainTrust(team, { trust: true }, FOR_REAL, script)
    await writeFile(join(team.root, 'date'), 'two')
    await expect(obtainTrust(team, {}, FOR_REAL, script)).rejects.toMatchObject({
      message: /^this team is not what was trusted: what it names, like a script, is not the same; it could/,
    })
  })

  it('is run with --trust, which is kept', async () => {
    const { person: script } = person([], false)
    const team = await runs()
    expect(await obtainTrust(team, { trust: true }, FOR_REAL, script)).toBe(true)
    expect(await obtainTrust(team, {}, FOR_REAL, script)).toBe(true)
  })

  it('is rehearsed without anybody being asked, and says that its programs do not run', async () => {
    const rehearsal = { ...FOR_REAL, rehearsal: true }
    const asked = person([])
    expect(await obtainTrust(await runs(), {}, rehearsal, asked.person)).toBe(false)
    expect(asked.said()).toMatch(
      /^crew: nobody trusts this team yet: .* invented \(crew trust team\.json\)\n$/,
    )
    const quiet = person([])
    expect(await obtainTrust(await runs(), { quiet: true }, rehearsal, quiet.person)).toBe(false)
    expect(quiet.said()).toBe('')
    expect(await answers()).toEqual([])
  })
})

describe('a question', () => {
  it.each([
    ['yes', true],
    [' Y ', true],
    ['yes please', false],
    ['no', false],
  ])('that is answered with %j is answered: %s', async (word, is) => {
    expect(await agreed('Well?', person([word]).person)).toBe(is)
  })
})
