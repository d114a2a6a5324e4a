import { Command } from 'commander'
import { type CreateCommand, type StoreOptions, storeOption, withRun } from './command.ts'

export const tell: CreateCommand = () =>
  new Command('tell')
    .description('Give an agent of a run guidance, which it reads before its next turn')
    .argument('<run>', 'id, beginning of an id, last, -1, -2 …')
    .argument(
      '<agent>',
      'its name in the team file; or the key of a step in which it works, for that one alone',
    )
    .argument('<words...>', 'what it is told')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew tell last writer "Keep it under 200 words."
  $ crew tell 0k3f review/round-2/critic "The figures are from 2025, not 2024."`,
    )
    .action(async (reference: string, agent: string, words: readonly string[], options: StoreOptions) => {
      const [{ tell }, { oneLine }, { formatReference }] = await Promise.all([
        import('../app/steer.ts'),
        import('../ui/text.ts'),
        import('../ui/format.ts'),
      ])
      await withRun(reference, options, async (run, means) => {
        await tell(run, agent, words.join(' '), means)
        const when = run.owner
          ? 'reads it before its next turn'
          : `reads it once the run goes on: crew resume ${formatReference(run.id, options.db)}`
        process.stdout.write(`${oneLine(agent, 100)} ${when}\n`)
      })
    })
