import { resolve } from 'node:path'
import { spawn } from '@lydell/node-pty'
import { expect, it } from 'vitest'
import { crewHome } from '../helpers/crew.ts'

/** A terminal in which crew runs; `until` resolves once what it wrote since the last call matches. */
function terminal(args: readonly string[], home: string) {
  const env = { PATH: process.env.PATH ?? '', HOME: home, CREW_HOME: home, TERM: 'xterm-256color' }
  const child = spawn(process.execPath, [resolve('bin/crew.js'), ...args], {
    cols: 100,
    rows: 30,
    cwd: home,
    env,
  })
  let text = ''
  let wake = () => {}
  child.onData(data => {
    text += data
    wake()
  })
  const ended = new Promise<number>(resolve => child.onExit(({ exitCode }) => resolve(exitCode)))
  async function until(pattern: RegExp): Promise<void> {
    while (!pattern.test(text))
      await new Promise<void>(resolve => {
        wake = resolve
      })
    text = ''
  }
  return { until, ended, press: (keys: string) => child.write(keys), said: () => text }
}

it('all runs are watched, one is opened and answered there, and the run ends', async () => {
  const { home, team, start, crew } = crewHome()
  const path = team({
    agents: { boss: { kind: 'human', prompt: 'Send it?', choices: ['send', 'drop'] } },
    pattern: { kind: 'pipeline', stages: ['boss'] },
  })
  const run = start(['run', path, 'A letter', '--wait', '--quiet'])
  run.stdin?.end()
  const over = new Promise(resolve => run.once('close', resolve))
  const top = terminal(['top'], home)
  await top.until(/boss asks: Send it\?/)
  top.press('\r')
  await top.until(/Send it\?[\s\S]*answer/)
  top.press('\x1b')
  await top.until(/crew top/)
  top.press('q')
  expect(await top.ended).toBe(0)
  const attach = terminal(['attach'], home)
  await attach.until(/Send it\?[\s\S]*answer/)
  attach.press('a')
  await attach.until(/send/)
  attach.press('1')
  expect(await attach.ended).toBe(0)
  expect(attach.said()).toMatch(/succeeded/)
  expect(await over).toBe(0)

  const lines = await crew(['replay'])
  expect(lines).toMatchObject({ code: 0, stdout: expect.stringContaining('boss/answer: answered by') })
  expect(await crew(['replay', 'last', '--verify'])).toMatchObject({
    code: 0,
    stdout: '✓ the same: 1 step\n',
  })
  expect(await crew(['attach'])).toMatchObject({ code: 0, stderr: expect.stringContaining('nobody runs it') })
  const replay = terminal(['replay', 'last', '--instant'], home)
  await replay.until(/event \d+ of \d+/)
  replay.press('q')
  expect(await replay.ended).toBe(0)
})
