import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { CrewError } from '../errors.ts'
import type { CreateCommand } from './command.ts'

const FORMATS = ['tree', 'mermaid', 'dot', 'svg'] as const

interface Options {
  readonly format: (typeof FORMATS)[number]
  readonly output?: string
}

export const graph: CreateCommand = () =>
  new Command('graph')
    .description('Draw a team: who there is, and how work flows between them')
    .argument('<team>', 'the team file: .yaml, .yml or .json; - for stdin')
    .addOption(
      new Option('-f, --format <format>', 'tree for a terminal, mermaid, dot or svg')
        .choices(FORMATS)
        .default('tree'),
    )
    .option('-o, --output <file>', 'write it to a file instead of stdout')
    .addHelpText(
      'after',
      `
Examples:
  $ crew graph team.yaml
  $ crew graph team.yaml --format svg -o team.svg
  $ crew graph team.yaml -f mermaid >> README.md`,
    )
    .action(async (file: string, { format, output }: Options) => {
      const [{ loadTeam }, { graphOf }, { draw }, { PLAIN, styleFor }, { sanitize }, { whileWaiting }] =
        await Promise.all([
          import('../team/load.ts'),
          import('../team/graph.ts'),
          import('../ui/graph/draw.ts'),
          import('../ui/style.ts'),
          import('../ui/text.ts'),
          import('../ui/wait.ts'),
        ])
      const team = await loadTeam(file)
      const style = output === undefined ? styleFor(process.stdout) : PLAIN
      const drawing = await whileWaiting('drawing', () => draw(graphOf(team), format, style))
      if (output === undefined) process.stdout.write(`${format === 'tree' ? drawing : sanitize(drawing)}\n`)
      else await writeFile(output, `${drawing}\n`).catch(cause => cannotWrite(output, cause))
    })

function cannotWrite(file: string, cause: Error): never {
  throw new CrewError('usage', `the drawing cannot be written to ${file}: ${cause.message}`, {
    hint: 'name a file in a folder that exists and that you may write to',
    cause,
  })
}
