import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type IPty, spawn } from '@lydell/node-pty'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { crewHome } from '../helpers/crew.ts'

const ENTER = '\x1b[?1049h\x1b[?25l'
/** The cursor is shown again, and the alternate screen left. */
const LEAVE = '\x1b[?25h\x1b[?1049l'
const BIN = resolve('bin/crew.js')

const shell = (script: string) => ({ kind: 'command', run: ['sh', '-c', script], effects: 'pure' })
const inTurn = (agents: Record<string, object>) => ({
  agents,
  pattern: { kind: 'pipeline', stages: Object.keys(agents) },
})
const SLOW = inTurn({ one: shell('sleep 20; echo one') })
const ASKING = inTurn({
  boss: { kind: 'human', prompt: 'Send it?', choices: ['send', 'drop'] },
  sender: shell('cat'),
})

/** Tests that run at the same time would clear away each other's. */
const homeOf = () => {
  const home = mkdtempSync(join(tmpdir(), 'crew-screen-'))
  leftovers.push(() => rmSync(home, { recursive: true, force: true }))
  return crewHome({}, home)
}

const leftovers: (() => void)[] = []
afterAll(() => {
  for (const end of leftovers.reverse()) end()
})

/** Runs a program in a terminal of its own. */
function inTerminal(file: string, args: readonly string[], home: string, env: Record<string, string> = {}) {
  const base = { PATH: process.env.PATH, HOME: home, CREW_HOME: home, TERM: 'xterm-256color', ...env }
  const pty = spawn(file, [...args], { cols: 80, rows: 24, cwd: home, env: base as Record<string, string> })
  let text = ''
  pty.onData(data => {
    text += data
  })
  const exit = new Promise<{ exitCode: number; signal?: number }>(resolve => pty.onExit(resolve))
  let isOver = false
  void exit.then(() => {
    isOver = true
  })
  leftovers.push(() => {
    if (!isOver) pty.kill('SIGKILL')
  })
  return {
    pty,
    exit,
    get text() {
      return text
    },
    /** Everything written since the last time, once it has `words` in it. */
    async shows(words: string | RegExp): Promise<string> {
      const has = () => (typeof words === 'string' ? text.includes(words) : words.test(text))
      // Vitest's own polling knows only one test at a time.
      for (let waited = 0; waited < 10_000 && !has(); waited += 20) await setTimeout(20)
      expect(text).toMatch(words)
      const shown = text
      text = ''
      return shown
    },
  }
}

/** As when its window is closed. */
function closeTerminal(pty: IPty): void {
  ;(pty as IPty & { destroy(): void }).destroy()
}

const run = (home: string, team: string, more: readonly string[] = [], env: Record<string, string> = {}) =>
  inTerminal(process.execPath, [BIN, 'run', team, 'go', '--trust', ...more], home, env)

describe.concurrent('the screen of a run', () => {
  it('draws itself anew at another size, answers keys, and leaves the run alone when it is left', async () => {
    const { home, team } = homeOf()
    const { pty, exit, shows } = run(home, team(inTurn({ one: shell('sleep 4; echo the-end') })))
    expect(await shows('1 agent at work')).toContain(ENTER)
    pty.resize(120, 30)
    await shows('\x1b[30;1H')
    pty.resize(40, 10)
    await shows('is too small')
    pty.resize(60, 15)
    await shows('[overview]')
    pty.write('?')
    await shows('In overview')
    pty.write('\x1b[F')
    await shows('leave the screen; the run goes on')
    pty.write('\x1b')
    await shows('[overview]')
    pty.write('q')
    expect(await shows(LEAVE)).not.toContain('the-end')
    expect(await shows('succeeded')).toMatch(/✓.* one .*\r\nthe-end\r\n/s)
    expect((await exit).exitCode).toBe(0)
  })

  it('has a gate answered by a key, leaves a summary, and its result in a file', async () => {
    const { home, team } = homeOf()
    const { pty, exit, shows } = run(home, team(ASKING), ['-o', join(home, 'result.txt')])
    await shows('asks: Send it?')
    pty.write('a')
    await shows(/1.*send.*2.*drop/s)
    pty.write('1')
    expect(await shows(/succeeded.*· run \w+/s)).toContain(LEAVE)
    expect((await exit).exitCode).toBe(0)
  })

  it('goes to stderr alone: what stdout gets is the result', async () => {
    const { home, team } = homeOf()
    const file = team(inTurn({ one: shell('sleep 1; echo clean') }))
    const line = `"${process.execPath}" "${BIN}" run "${file}" go --trust > out.txt; od -c out.txt; exit`
    const { shows } = inTerminal('bash', ['--norc', '-c', line], home)
    const shown = await shows(/0000006/)
    expect(shown).toContain(ENTER)
    expect(shown).toMatch(/0000000 +c +l +e +a +n +\\n/)
  })

  it('gives the terminal back when the process is told to end, and the run is kept', async () => {
    const { home, team } = homeOf()
    const { pty, exit, shows } = run(home, team(SLOW))
    await shows('1 agent at work')
    process.kill(pty.pid, 'SIGTERM')
    const shown = await shows(/interrupted/)
    expect(shown.indexOf(LEAVE)).toBeLessThan(shown.indexOf('SIGTERM: stopping'))
    expect(shown).toContain(LEAVE)
    expect((await exit).exitCode).toBe(130)
  })

  it('stops with Ctrl-C once, and at once with the second', async () => {
    const { home, team } = homeOf()
    const stubborn = inTurn({ one: shell(`trap '' TERM INT; sleep 20; sleep 20`) })
    const { pty, exit, shows } = run(home, team(stubborn))
    await shows('1 agent at work')
    pty.write('\x03')
    expect(await shows('SIGINT: stopping')).toContain(LEAVE)
    pty.write('\x03')
    expect((await exit).exitCode).toBe(130)
  })

  it('goes to the shell with Ctrl-Z, and comes back with fg', async () => {
    const { home, team } = homeOf()
    writeFileSync(join(home, 'rc'), 'PS1="shell> "\n')
    const { pty, shows } = inTerminal('bash', ['--rcfile', 'rc', '-i'], home)
    await shows('shell> ')
    pty.write(`"${process.execPath}" "${BIN}" run "${team(SLOW)}" go --trust\r`)
    await shows('1 agent at work')
    pty.write('\x1a')
    expect(await shows(/Stopped.*shell> /s)).toContain(LEAVE)
    pty.write('fg\r')
    expect(await shows('1 agent at work')).toContain(ENTER)
    pty.write('\x03')
    await shows(/interrupted.*shell> /s)
    pty.write('exit\r')
  })

  it('bears every size and every key at any moment, and what models say never steers the terminal', async () => {
    const { home, team } = homeOf()
    const { pty, exit, shows } = run(
      home,
      team(inTurn({ one: shell('sleep 8; printf "\\033[31mthe\\007-end"') })),
    )
    await shows('1 agent at work')
    const sizes = [
      [20, 5],
      [1, 1],
      [300, 100],
      [2, 90],
      [61, 16],
      [80, 24],
    ] as const
    const keys = [
      '\x1b[A',
      '\x1b[6~',
      '\r',
      '\t',
      '/',
      'zz',
      '\x1b[200~q\rx\x1b[201~',
      '\x1b',
      'n',
      'f',
      '\x0b',
      '\x1bx',
    ]
    for (const view of ['o', 't', 'g', 'm', 'b', 'c', 'l', '?']) {
      for (const [columns, rows] of sizes) {
        pty.resize(columns, rows)
        pty.write(view)
      }
      for (const key of keys) {
        pty.write(key)
        await setTimeout(1)
      }
      pty.write('\x1b\x1b\x1b')
    }
    // Esc and a letter at once would be that letter with Alt.
    await setTimeout(1000)
    pty.write('\x1b[<0;1;1Mgo/nobody\r')
    await shows('no agent has "nobody" in its name')
    pty.write('\x1b')
    await shows('runs a program')
    // As many as a thousand a second, into a line and not into what the keys do.
    pty.write(`w${'xqa'.repeat(300)}`)
    await shows('to one')
    pty.write('\x1b')
    const shown = await shows(/succeeded.*· run \w+/s)
    expect(shown).toContain(LEAVE)
    expect(shown).toContain(`${LEAVE}the-end\r\n`)
    expect((await exit).exitCode).toBe(0)
  })

  it.skipIf(process.platform !== 'linux')(
    'loses its terminal without a word, and the run goes on',
    async () => {
      const { home, team } = homeOf()
      const file = team(inTurn({ one: shell('sleep 1.5; echo one'), two: shell('sleep 0.5; echo two') }))
      // In a session of its own nobody tells it that the terminal is gone: it can only find out.
      for (const more of [[], ['--plain']]) {
        const result = join(home, `result${more.length}.txt`)
        const args = ['-w', process.execPath, BIN, 'run', file, 'go', '--trust', '-o', result, ...more]
        const { pty, shows } = inTerminal('setsid', args, home)
        await shows(/one/)
        closeTerminal(pty)
        await vi.waitFor(() => expect(readFileSync(result, 'utf8')).toBe('two\n'), { timeout: 20_000 })
      }
    },
  )

  it('waits for no terminal that takes nothing any more', async () => {
    const { home, team } = homeOf()
    const result = join(home, 'result.txt')
    const { pty, exit, shows } = run(home, team(inTurn({ one: shell('sleep 4; echo one') })), ['-o', result])
    await shows('1 agent at work')
    pty.pause()
    for (let turn = 0; turn < 200 && !existsSync(result); turn += 1) {
      pty.resize(turn % 2 === 0 ? 250 : 249, 90)
      await setTimeout(10)
    }
    await vi.waitFor(() => expect(readFileSync(result, 'utf8')).toBe('one\n'), { timeout: 20_000 })
    pty.resume()
    expect(await shows(/succeeded.*· run \w+/s)).toContain(LEAVE)
    expect((await exit).exitCode).toBe(0)
  })

  it('lends the terminal to an editor, whatever that does to it, and has it back', async () => {
    const { home, team } = homeOf()
    const editor = [
      'for file; do :; done',
      'if [ ! -e been-here ]; then touch been-here; echo IN-EDITOR; exec sleep 20; fi',
      'stty raw -echo',
      'echo "$1 edited" > "$file"',
    ]
    writeFileSync(join(home, 'editor.sh'), editor.join('\n'))
    const file = team({
      agents: { writer: { ...shell('echo draft'), review: 'always' } },
      pattern: { kind: 'pipeline', stages: ['writer'] },
    })
    const script = [
      'stty -a > before',
      `"${process.execPath}" "${BIN}" run "${file}" go --trust -o result.txt`,
      'stty -a | cmp - before && echo "terminal as before"',
    ]
    const { pty, shows } = inTerminal('bash', ['--norc', '-c', script.join('; ')], home, {
      EDITOR: 'sh editor.sh --wait',
    })
    await shows('asks:')
    pty.write('a')
    await shows('edit in $EDITOR')
    pty.write('e')
    expect(await shows('IN-EDITOR')).toContain(LEAVE)
    // That is for the editor, not for the run.
    pty.write('\x03')
    expect(await shows('nothing is decided')).toContain(ENTER)
    pty.write('e')
    await shows('terminal as before')
    expect(readFileSync(join(home, 'result.txt'), 'utf8')).toBe('--wait edited\n')
  })

  it('reads keys from the terminal where all else is pipes, and a reader that has seen enough ends nothing', async () => {
    const { home, team } = homeOf()
    const file = team(inTurn({ one: shell('sleep 3; echo one') }))
    const line = `sleep 1 | "${process.execPath}" "${BIN}" run "${file}" go --trust --events | head -c 6; echo "code \${PIPESTATUS[1]}"`
    const { pty, shows } = inTerminal('bash', ['--norc', '-c', line], home)
    await shows('1 agent at work')
    pty.write('?')
    await shows('In overview')
    expect(await shows('code 0')).toMatch(/succeeded.*· run \w+/s)
  })

  it('is plain lines where that is wished, and where the terminal can do no more', async () => {
    const { home, team } = homeOf()
    const file = team(inTurn({ one: shell('sleep 0.5; echo one') }))
    const wishes = [
      { more: ['--plain'], env: {} },
      { more: [], env: { TERM: 'dumb' } },
      { more: [], env: { CI: 'true' } },
    ]
    for (const { more, env } of wishes) {
      const { exit, shows } = run(home, file, more, env)
      expect(await shows('· run ')).not.toContain('\x1b[?1049h')
      expect((await exit).exitCode).toBe(0)
    }
  })
})
