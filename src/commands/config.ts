import { Command } from 'commander'
import { EXIT } from '../errors.ts'
import type { CreateCommand } from './command.ts'

export const config: CreateCommand = exit => {
  const command = new Command('config')
    .description('Read and change what is set once for all runs')
    .exitOverride()
  const load = () => import('../config.ts')

  command
    .command('list')
    .description('List every setting with its value and what it is for')
    .option('--json', 'one JSON document on stdout, of what is set')
    .addHelpText('after', examples('crew config list', 'crew config list --json'))
    .action(async ({ json }: { readonly json?: boolean }) => {
      const { listSettings, readSettings } = await load()
      const { formatSettings } = await import('../ui/settings.ts')
      process.stdout.write(
        json
          ? `${JSON.stringify(await readSettings(), null, 2)}\n`
          : `${formatSettings(await listSettings()).join('\n')}\n`,
      )
    })
  command
    .command('get')
    .description('Print one setting; exit code 1 when it is not set')
    .argument('<name>', 'the setting; crew config list has all of them')
    .addHelpText('after', examples('crew config get model', 'crew config get theme'))
    .action(async (name: string) => {
      const { readSetting } = await load()
      const value = await readSetting(name)
      if (value === undefined) exit(EXIT.failed)
      else process.stdout.write(`${value}\n`)
    })
  command
    .command('set')
    .description('Change one setting')
    .argument('<name>', 'the setting; crew config list has all of them')
    .argument('<value>', 'what it is from now on')
    .addHelpText(
      'after',
      examples('crew config set model anthropic/claude-sonnet-4-5', 'crew config set retention 30d'),
    )
    .action(async (name: string, value: string) => (await load()).changeSetting(name, value))
  command
    .command('unset')
    .description('Remove one setting')
    .argument('<name>', 'the setting; crew config list has all of them')
    .addHelpText('after', examples('crew config unset model', 'crew config unset baseUrl'))
    .action(async (name: string) => (await load()).changeSetting(name, undefined))

  return command.addHelpText(
    'after',
    examples('crew config set model anthropic/claude-sonnet-4-5', 'crew config list'),
  )
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map(line => `  $ ${line}`).join('\n')}`
}
