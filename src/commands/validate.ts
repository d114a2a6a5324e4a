import { Command } from 'commander'
import { EXIT } from '../errors.ts'
import type { CreateCommand } from './command.ts'

export const validate: CreateCommand = exit =>
  new Command('validate')
    .description('Check a team file without running anything')
    .argument('<team>', 'the team file: .yaml, .yml or .json; - for stdin')
    .option('--json', 'one JSON document on stdout: ok, and all problems with line and column')
    .addHelpText(
      'after',
      `
Examples:
  $ crew validate team.yaml
  $ crew validate team.yaml --json | jq .problems`,
    )
    .action(async (file: string, { json }: { readonly json?: boolean }) => {
      const [{ loadTeam }, { describeTeam, reportOn }, { formatProblems }, { sanitize }] = await Promise.all([
        import('../team/load.ts'),
        import('../team/report.ts'),
        import('../team/source/problem.ts'),
        import('../ui/text.ts'),
      ])
      if (json) {
        const report = await reportOn(file)
        process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
        if (!report.ok) exit(EXIT.usage)
        return
      }
      const team = await loadTeam(file)
      const warnings = team.problems.length > 0 ? `\n${formatProblems(team.problems)}` : ''
      process.stdout.write(sanitize(`${team.source.name}: ok, ${describeTeam(team)}${warnings}\n`))
    })
