import { Command } from 'commander'
import type { Finding } from '../doctor/finding.ts'
import type { Patient } from '../doctor.ts'
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
      const describe = await describing(process.stdout)
      const checks = await look({ team, store: db }, finding => {
        if (!json) process.stdout.write(describe(finding))
      })
      const ok = checks.every(({ state }) => state !== 'broken')
      if (json) process.stdout.write(`${JSON.stringify({ ok, checks }, null, 2)}\n`)
      if (!ok) exit(EXIT.failed)
    })

/** Looks at everything, and tells of each finding as it is made. */
export async function look(
  patient: Pick<Patient, 'team' | 'store' | 'rehearsal'>,
  tell: (finding: Finding) => void,
): Promise<readonly Finding[]> {
  const [{ systemClock }, { examine }, { whileWaiting }] = await Promise.all([
    import('../clock.ts'),
    import('../doctor.ts'),
    import('../ui/wait.ts'),
  ])
  const findings: Finding[] = []
  for (const { name, look } of examine({ env: process.env, clock: systemClock, ...patient })) {
    const found = await whileWaiting(`looking at: ${name}`, look)
    findings.push(...found)
    for (const finding of found) tell(finding)
  }
  return findings
}

/** Puts a finding into lines for a person. */
export async function describing(stream: NodeJS.WriteStream): Promise<(finding: Finding) => string> {
  const [{ styleFor }, { sanitize }] = await Promise.all([import('../ui/style.ts'), import('../ui/text.ts')])
  const style = styleFor(stream)
  const marks = { ok: style.green('✓'), broken: style.red('✗'), absent: style.dim('–') }
  return ({ what, state, says, fix }) => {
    const mend = fix === undefined ? '' : `  ${style.cyan('→')} ${sanitize(fix)}\n`
    return `${marks[state]} ${sanitize(`${what}: ${says}`)}\n${mend}`
  }
}
