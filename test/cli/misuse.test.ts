import { CommanderError } from 'commander'
import { describe, expect, it } from 'vitest'
import { misused } from '../../src/cli/misuse.ts'
import { createProgram, flagsLast } from '../../src/cli/program.ts'
import { toCrewError } from '../../src/errors.ts'

/** What is said of a command line: the exit code, what is wrong, and what mends it. */
async function said(...argv: readonly string[]): Promise<string> {
  const program = createProgram(() => {})
  try {
    await program.parseAsync(flagsLast(argv), { from: 'user' })
    return 'nothing'
  } catch (thrown) {
    const error = thrown instanceof CommanderError ? misused(thrown, argv, program) : toCrewError(thrown)
    return `${error.exit}: ${error.message} → ${error.details.hint}`
  }
}

describe('a command line that cannot be read', () => {
  it.each([
    [['rum', 'team.yaml'], '2: there is no command "crew rum" → did you mean crew run?'],
    [['nonsense', '--help'], '2: there is no command "crew nonsense" → see what there is with: crew --help'],
    [['rm', 'cancel'], /^2: there is no command "crew rm" → /],
    [['config', 'lst'], '2: there is no command "crew config lst" → did you mean crew config list?'],
    [['ls', '--stat', 'failed'], '2: crew ls has no option --stat → did you mean --state?'],
    [['ls', '--nonsense=1'], '2: crew ls has no option --nonsense → see how with: crew ls --help'],
    [['--jsn', 'ls'], '2: crew ls has no option --jsn → did you mean --json?'],
    [['run'], '2: crew run needs <team> → write it like: crew run <team> [task]'],
    [['tell', 'last'], '2: crew tell needs <agent> → write it like: crew tell <run> <agent> <words...>'],
    [['config', 'set', 'model'], /^2: crew config set needs <value> → /],
    [['ls', 'a'], '2: crew ls takes no arguments, and was given more → write it like: crew ls'],
    [['validate', 'a', 'b'], /^2: crew validate takes 1 argument, and was given more → /],
    [['ls', '--state', 'fialed'], '2: "fialed" does not fit --state → did you mean "failed"?'],
    [['graph', 'x', '-f', 'bmp'], '2: "bmp" does not fit --format → it is one of: tree, mermaid, dot, svg'],
    [['completion', 'tcsh'], '2: "tcsh" does not fit <shell> → it is one of: bash, zsh, fish'],
    [['ls', '--db'], '2: crew ls: --db needs a value → see how with: crew ls --help'],
    [['show', '--board', '--messages'], /^2: crew show: --board cannot be used with --messages → see how/],
  ])('%j is refused with what was probably meant', async (argv, expected) => {
    expect(await said(...argv)).toEqual(
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    )
  })
})

it('flags may stand before the command that they belong to, and help before any', () => {
  expect(flagsLast(['--db', 'x', 'ls', '-a'])).toEqual(['ls', '--db', 'x', '-a'])
  expect(flagsLast(['help', 'ls'])).toEqual(['help', 'ls'])
  expect(flagsLast(['--version'])).toEqual(['--version'])
})

it('makes one command, where a line begins with its name, and all for any other line', () => {
  const made = (word?: string) => createProgram(() => {}, word).commands.map(command => command.name())
  for (const name of made()) expect(made(name)).toEqual([name])
  for (const word of ['help', '--help', 'nothing']) expect(made(word)).toEqual(made())
})
