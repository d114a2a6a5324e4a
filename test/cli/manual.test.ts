import { readFileSync } from 'node:fs'
import { type Command, CommanderError } from 'commander'
import { describe, expect, it } from 'vitest'
import { entriesOf, manPage, manual } from '../../src/cli/manual.ts'
import { createProgram, flagsLast } from '../../src/cli/program.ts'
import { ENVIRONMENT, EXIT_CODES, FILES } from '../../src/cli/surroundings.ts'
import { splitLine } from '../../src/commands/completion/line.ts'
import { EXIT } from '../../src/errors.ts'
import { tablesOf } from '../helpers/markdown.ts'

const program = () => createProgram(() => {})
const [crew, ...entries] = entriesOf(program())

describe('the manual', () => {
  it('is what npm run manual writes', () => {
    expect(readFileSync('docs/commands.md', 'utf8')).toBe(manual(program()))
    expect(readFileSync('man/crew.1', 'utf8')).toBe(manPage(program()))
  })

  it('has every command, each with a description and what its arguments and options mean', () => {
    expect(crew?.name).toBe('crew')
    expect(entries.map(({ name }) => name)).toEqual(expect.arrayContaining(['crew run', 'crew config set']))
    const silent = entries.flatMap(({ name, about, parameters, options }) =>
      [{ name, about }, ...parameters, ...options].flatMap(each =>
        each.about === '' ? `${name}: ${each.name}` : [],
      ),
    )
    expect(silent).toEqual([])
  })

  it('says of exit codes what the README says', () => {
    const readme = tablesOf(readFileSync('README.md', 'utf8')).find(({ head }) => head === 'exit code')
    const ours = Object.entries(EXIT).map(([name, code]) => [
      String(code),
      EXIT_CODES[name as keyof typeof EXIT],
    ])
    expect(readme?.rows).toEqual(ours)
  })

  it('names the variables and files that docs/cli.md and the code name', () => {
    const cli = readFileSync('docs/cli.md', 'utf8')
    const [, environment = ''] = cli.split('## Environment')
    const named = [...environment.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([A-Z_]+)/g)].map(([, name]) => name),
    )
    expect(named).toContain('CREW_HOME')
    expect(ENVIRONMENT.map(([name]) => name)).toEqual(expect.arrayContaining(named))
    const sources = ['src/trust.ts', 'src/config.ts', 'src/app/known-servers.ts'].map(path =>
      readFileSync(path, 'utf8'),
    )
    const kept = sources.map(text => `${/^const NAME = '(.+)'/m.exec(text)?.[1]}.json`)
    expect(FILES.map(([name]) => name)).toEqual(expect.arrayContaining(kept))
  })
})

/** Reads an example as crew would, and does nothing. */
async function problemOf(example: string): Promise<string | undefined> {
  const silenced = program()
  const silence = (command: Command) => {
    command.action(() => {})
    for (const inner of command.commands) silence(inner)
  }
  for (const command of silenced.commands) silence(command)
  const line = /(?:^|[ (])crew (.*)$/.exec(example)?.[1]?.replace(/(?: \| | > | >> |\)"?$).*$/, '') ?? ''
  try {
    await silenced.parseAsync(flagsLast(splitLine(line).words), { from: 'user' })
    return undefined
  } catch (thrown) {
    return thrown instanceof CommanderError ? `${example}: ${thrown.message}` : String(thrown)
  }
}

describe('the examples in --help', () => {
  it('are at least two for each command, of that command', () => {
    const few = entries.filter(
      ({ name, examples }) => examples.filter(example => example.includes(name)).length < 2,
    )
    expect(few.map(({ name }) => name)).toEqual([])
  })

  it('are accepted by the commands', async () => {
    const problems = await Promise.all(entries.flatMap(({ examples }) => examples.map(problemOf)))
    expect(problems.filter(Boolean)).toEqual([])
  })

  it('are found out when they are not', async () => {
    expect(await problemOf('crew ls --nonsense | jq')).toMatch(/unknown option '--nonsense'/)
    expect(await problemOf('cat x | crew run')).toMatch(/missing required argument/)
  })
})

describe('crew --help', () => {
  it('fits a terminal of 80 columns and 24 lines, and has every command', () => {
    const lines = `${program().helpInformation()}Start with: …`.split('\n')
    expect(lines.length).toBeLessThanOrEqual(23)
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80)
    for (const { name } of entries) expect(lines.join('\n')).toContain(` ${name.split(' ')[1]} `)
  })
})
