import { Command } from 'commander'
import type { Finding } from '../doctor.ts'
import { EXIT } from '../errors.ts'
import { type CreateCommand, type StoreOptions, storeOption } from './command.ts'

interface Options extends StoreOptions {
  readonly json?: boolean
}

export const doctor: CreateCommand = exit =>
  new Command('doctor')
    .description('Check that everything is there that crew, or a team, needs')
    .argument('[team]', 'a team file: check what that team needs')
    .option('--json', 'one JSON document on stdout')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew doctor
  $ crew doctor team.yaml --json`,
    )
    .action(async (team: string | undefined, { db, json }: Options) => {
      const [{ systemClock }, { examine }, { styleFor }, { sanitize }] = await Promise.all([
        import('../clock.ts'),
        import('../doctor.ts'),
        import('../ui/style.ts'),
        import('../ui/text.ts'),
      ])
      const style = styleFor(process.stdout)
      const marks = { ok: style.green('✓'), broken: style.red('✗'), absent: style.dim('–') }
      const describe = ({ what, state, says, fix }: Finding) => {
        const mend = fix === undefined ? '' : `  ${style.cyan('→')} ${sanitize(fix)}\n`
        return `${marks[state]} ${sanitize(`${what}: ${says}`)}\n${mend}`
      }
      const checks: Finding[] = []
      for (const { name, look } of examine({ env: process.env, clock: systemClock, team, store: db })) {
        const findings = await whileWaiting(name, look)
        checks.push(...findings)
        if (!json) for (const finding of findings) process.stdout.write(describe(finding))
      }
      const ok = checks.every(({ state }) => state !== 'broken')
      if (json) process.stdout.write(`${JSON.stringify({ ok, checks }, null, 2)}\n`)
      if (!ok) exit(EXIT.failed)
    })

/** Shows that something is going on, to a person. */
async function whileWaiting<T>(what: string, work: () => Promise<T>): Promise<T> {
  // In a terminal that does not know its width, ora would erase lines without end.
  if (!process.stderr.isTTY || !process.stderr.columns) return work()
  const { default: ora } = await import('ora')
  const spinner = ora({ text: what, stream: process.stderr }).start()
  try {
    return await work()
  } finally {
    spinner.stop()
  }
}
