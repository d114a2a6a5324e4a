import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { systemClock } from '../../src/clock.ts'
import { SHELLS } from '../../src/commands/completion/scripts.ts'
import { answerShell } from '../../src/commands/completion.ts'
import type { Fact } from '../../src/store/events.ts'
import { openStore } from '../../src/store/sqlite.ts'
import { began, started } from '../helpers/history.ts'
import { isInstalled, shellWithCrew } from '../helpers/shells.ts'

const DEAD = { host: 'elsewhere', pid: 1 }
const TEAM = {
  team: {
    agents: {
      writer: { role: 'You write.' },
      checker: { kind: 'command' },
      inner: { kind: 'team', team: { agents: { helper: {} } } },
    },
  },
}
const asks = (key: string, question: string): Fact => ({ type: 'wait.opened', key, request: { question } })

let home: string
let db: string

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'crew-completion-'))
  db = join(home, 'crew.db')
  mkdirSync(join(home, 'teams'))
  for (const name of ['review team.yaml', 'notes.txt']) writeFileSync(join(home, name), '')
  const store = await openStore(db, systemClock)
  const runs: [id: string, team: string, facts: readonly Fact[]][] = [
    ['aa11', 'press', [{ type: 'run.failed', error: { code: 'halted', message: 'no' } }]],
    ['ab22', 'evil\u001b[31m\tteam', [{ type: 'run.succeeded', output: 'x' }]],
    [
      'ab33',
      'press',
      [
        asks('writer/review', 'Good?'),
        asks('checker/go', 'Go?'),
        { type: 'run.waiting', on: ['writer/review'] },
      ],
    ],
  ]
  for (const [index, [id, team, facts]] of runs.entries()) {
    const at = systemClock.now() + index
    const lease = await store.create({ id, team, path: '/team.yaml', rehearsal: false }, DEAD, {
      ...began({ definition: TEAM }),
      at,
    })
    const steps = ['writer', 'checker'].map(key => started(key, 'agent', { agent: key }))
    await store.commit(
      lease,
      [...steps, ...facts].map(fact => ({ ...fact, at })),
    )
    await store.release(lease)
  }
  await store.signal('ab33', { kind: 'answer', key: 'checker/go', value: 'yes', by: 'ann', at: 0 })
  await store.close()
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** What a shell is told about these words: how to complete, and the words that fit. */
async function completed(...words: readonly string[]): Promise<string[]> {
  const said = await answerShell(
    createProgram(() => {}),
    ['zsh', ...words],
  )
  return said
    .split('\n')
    .map(line => line.split('\t')[0] ?? '')
    .slice(0, -1)
}

describe('on a command line', () => {
  it('commands are completed, also inner ones and those to be helped with', async () => {
    expect(await completed('va')).toEqual(['words', 'validate'])
    expect(await completed('config', 's')).toEqual(['words', 'set'])
    expect(await completed('help', 'sch')).toEqual(['words', 'schema'])
    expect(await completed('ls', '')).toEqual(['words'])
  })

  it('every command that the program has is completed, and none that is hidden', async () => {
    const [, ...names] = await completed('')
    expect(names).toEqual([...createProgram(() => {}).commands.map(command => command.name()), 'help'])
  })

  it('options are completed that are not given yet, and those that may be given again', async () => {
    expect(await completed('resume', 'last', '--l')).toEqual(['words', '--limit'])
    expect(await completed('resume', '--limit', 'turns=3', '--l')).toEqual(['words', '--limit'])
    expect(await completed('ls', '--json', '--j')).toEqual(['words'])
    expect(await completed('graph', '--', '-')).toEqual(['teams'])
  })

  it('the choices of an option are completed, behind a blank and behind =', async () => {
    expect(await completed('graph', 'team.yaml', '-f', 'd')).toEqual(['words', 'dot'])
    expect(await completed('ls', '--state=f')).toEqual(['words', '--state=failed'])
    expect(await completed('--state', 'w')).toEqual(['words', 'waiting'])
    expect(await completed('cost', '--by', 'mo')).toEqual(['words', 'model'])
    expect(await completed('resume', '--limit', 't')).toEqual(['words nospace', 'turns=', 'time='])
  })

  it('settings and their values are', async () => {
    expect(await completed('config', 'get', 'mo')).toEqual(['words', 'model'])
    expect(await completed('config', 'set', 'theme', 'd')).toEqual(['words', 'dark'])
    expect(await completed('config', 'set', 'model', '')).toEqual(['words'])
  })

  it('files are left to the shell', async () => {
    for (const command of ['run', 'validate', 'graph', 'trust', 'doctor'])
      expect(await completed(command, 'x')).toEqual(['teams'])
    expect(await completed('run', '--output', '')).toEqual(['files'])
    expect(await completed('run', 'team.yaml', 'a')).toEqual(['words'])
  })

  it('what nobody knows is completed with nothing', async () => {
    expect(await completed('nonsense', '')).toEqual(['words'])
    expect(await completed('ls', '--nonsense=', '')).toEqual(['words'])
    expect(await completed('show', '--at', '')).toEqual(['words'])
  })
})

describe('from the store', () => {
  it('runs are completed, the newest first, with what they are', async () => {
    const said = await answerShell(
      createProgram(() => {}),
      ['fish', 'show', '--db', db, ''],
    )
    expect(said).toMatch(
      /^words\nlast\tpress, waiting, .*\nab33\tpress, waiting, .*\nab22\tevil team, succ.*\naa11\t/,
    )
    expect(await completed('show', '--db', db, 'ab')).toEqual(['words', 'ab33', 'ab22'])
  })

  it('only runs are completed with which something can be done', async () => {
    expect(await completed('--db', db, 'approve', '')).toEqual(['words', 'last', 'ab33'])
    expect(await completed('resume', '--db', db, '')).toEqual(['words', 'last', 'ab33', 'aa11'])
    expect(await completed('pause', '--db', db, 'aa')).toEqual(['words'])
  })

  it('the agents of the run on the line are, also those of inner teams', async () => {
    expect(await completed('logs', '--db', db, 'ab33', '--agent', '')).toEqual([
      ...['words', 'writer', 'checker', 'inner', 'helper'],
    ])
    expect(await completed('tell', '--db', db, '-1', '')).toEqual(['words', 'writer', 'helper'])
    expect(await completed('tell', '--db', db, 'ab', '')).toEqual(['words'])
  })

  it('the steps of the run on the line are, where a step is asked for', async () => {
    expect(await completed('logs', '--db', db, 'ab33', '--why', '')).toEqual([
      'words',
      'writer',
      'checker',
      'run',
    ])
    expect(await completed('logs', '--db', db, 'ab33', '--why', 'c')).toEqual(['words', 'checker'])
    expect(await completed('diff', '--db', db, 'ab33', 'ab22', '--step', 'w')).toEqual(['words', 'writer'])
    expect(await completed('diff', '--db', db, 'ab33', 'ab')).toEqual(['words', 'ab33', 'ab22'])
  })

  it('the questions are that nobody has answered', async () => {
    const said = await answerShell(
      createProgram(() => {}),
      ['zsh', 'approve', '--db', db, 'ab3', ''],
    )
    expect(said).toBe('words\nwriter/review\t1: Good?\n')
    expect(await completed('answer', '--db', db, 'ab33', 'yes', '--step', 'w')).toEqual([
      'words',
      'writer/review',
    ])
  })

  it('names of teams are', async () => {
    expect(await completed('cost', '--db', db, '--team', 'p')).toEqual(['words', 'press'])
  })

  it('nothing is when there is none, and it is not created', async () => {
    const missing = join(home, 'none', 'crew.db')
    expect(await completed('show', '--db', missing, '')).toEqual(['words'])
    expect(existsSync(join(home, 'none'))).toBe(false)
  })

  it('nothing is, and nobody is told, when it is damaged', async () => {
    const damaged = join(home, 'damaged.db')
    writeFileSync(damaged, 'no database at all, and long enough to look like one'.repeat(30))
    expect(
      await answerShell(
        createProgram(() => {}),
        ['zsh', 'show', '--db', damaged, ''],
      ),
    ).toBe('')
  })

  it('nothing is written into it', async () => {
    const before = readFileSync(db)
    await completed('approve', '--db', db, 'last', '')
    expect(readFileSync(db).equals(before)).toBe(true)
  })
})

describe.concurrent('in a real shell, TAB', () => {
  let shell: ReturnType<typeof shellWithCrew>
  beforeAll(() => {
    shell = shellWithCrew(home)
  })

  /** What bash makes of keys: it completes also when they come from a pipe. ESC # makes of a line a comment. */
  const typed = (...lines: readonly string[]) =>
    shell(
      'bash',
      ['--norc', '--noprofile', '-i'],
      ['eval "$(crew completion bash)"', ...lines.map(line => `${line}\u001b#`), ''].join('\n'),
    )

  it('completes in bash', () => {
    const said = typed(
      ': | crew vali\t',
      'echo crew; crew show aa\t--json',
      'crew approve last wr\t--db',
      'crew ls --state=succ\t--json',
      'crew validate revi\t',
      'crew resume last --limit tu\t3 --json',
    )
    expect(said).toContain('crew validate ')
    expect(said).toContain('crew show aa11 --json')
    expect(said).toContain('crew approve last writer/review --db')
    expect(said).toContain('crew ls --state=succeeded --json')
    expect(said).toMatch(/crew validate review\\ team\.yaml /)
    expect(said).toContain('--limit turns=3 --json')
  })

  it('lists in bash what runs are, and inserts only their ids', () => {
    const said = typed('crew show a\t\tb22 --json')
    expect(said).toMatch(/^ab33 {2}\(press, waiting, .*\)\s+ab22 {2}\(evil team, succeeded, .*\)/m)
    expect(said).toContain('crew show ab22 --json')
  })

  it.skipIf(!isInstalled('fish'))('completes in fish', () => {
    const ask = (line: string) =>
      shell('fish', ['-c', `source (crew completion fish | psub); complete -C '${line}'`])
    expect(ask('crew vali')).toBe('validate\tcheck a team file\n')
    expect(ask('crew show ab')).toMatch(/^ab33\tpress, waiting.*\nab22\tevil team, succeeded.*\n$/)
    expect(ask('crew graph ')).toMatch(/^review team\.yaml$/m)
    expect(ask('crew graph ')).not.toMatch(/notes/)
  })

  it.skipIf(!isInstalled('zsh'))('completes in zsh', () => {
    const said = shell('zsh', ['-f', '-c', ZSH])
    expect(said).toContain('crew validate ')
    expect(said).toContain('crew show aa11 ')
    expect(said).toMatch(/ab33 +-- press, waiting/)
    expect(said).toContain('--state=failed ')
    expect(said).toMatch(/review\\ team\.yaml/)
  })

  it.each(SHELLS.filter(isInstalled))('finds no fault with the script for %s', name => {
    writeFileSync(join(home, `script.${name}`), shell('crew', ['completion', name]))
    expect(shell(name, ['-n', join(home, `script.${name}`)])).toBe('')
  })
})

/** Types into a zsh in a terminal of its own; waits for what has to come, so that what does not ends by the time limit. */
const ZSH = String.raw`
zmodload zsh/zpty
zpty z zsh -f -i
type() { zpty -w -n z $1; zpty -r -m z out $2; print -r -- $out }
type $'PS1=; stty cols 120; autoload -Uz compinit; compinit -u -D; eval "$(crew completion zsh)"; echo RE""ADY\n' '*READY*'
type $'crew vali\t' '*validate *'
type $'\C-ucrew show aa\t' '*aa11 *'
type $'\C-ucrew show ab\t\t' '*succeeded*'
type $'\C-ucrew ls --state=fai\t' '*failed *'
type $'\C-ucrew graph revi\t' '*yaml*'
zpty -d z
`

it('an answer takes little more work than it is to start node', () => {
  const shell = shellWithCrew(mkdtempSync(join(home, 'speed-')))
  /** Milliseconds of processor time, which other tests at work do not change; the least of a few. */
  const workOf = (command: string) => {
    const time = `TIMEFORMAT='%U %S'; for i in 1 2 3; do time ${command} > /dev/null; done`
    const times = shell('bash', ['-c', time]).trim().split('\n')
    return 1000 * Math.min(...times.map(line => line.split(' ').reduce((sum, part) => sum + Number(part), 0)))
  }
  const floor = workOf(`'${process.execPath}' -e 0`)
  expect(floor).toBeGreaterThan(10)
  // Together that is well under the 150 ms after which a person notices; about 75 on a machine of 2026.
  expect(workOf(`crew __complete zsh approve --db '${db}' last ''`) - floor).toBeLessThan(130)
})
