import { Command } from 'commander'
import type { Finding } from '../doctor/finding.ts'
import type { Patient } from '../doctor.ts'
import { CrewError, EXIT } from '../errors.ts'
import { type CreateCommand, type StoreOptions, storeOption } from './command.ts'

interface Options extends StoreOptions {
  readonly json?: boolean
  readonly store?: boolean
  readonly repair?: boolean
  readonly salvage?: string
}

export const doctor: CreateCommand = exit =>
  new Command('doctor')
    .description('Check that everything is there that crew, or a team, needs')
    .argument('[team]', 'a team file: check what that team needs')
    .option('--store', 'look through all of the store instead: pages, events, bills, space')
    .option(
      '--repair',
      'make anew what follows from the events of the store: indexes, bills; then look through it',
    )
    .option('--salvage <file>', 'copy all that can be read of a damaged store into a new one')
    .option('--json', 'one JSON document on stdout')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew doctor
  $ crew doctor team.yaml --json
  $ crew doctor --store`,
    )
    .action(async (team: string | undefined, { db, json, store, repair, salvage }: Options) => {
      const isWhole = store || repair || salvage !== undefined
      if (isWhole && team !== undefined)
        throw new CrewError('usage', 'a team file is no store', { hint: 'name a store with --db FILE' })
      if (salvage !== undefined) return rescue(salvage, db)
      if (repair) await mend(db)
      const describe = await describing(process.stdout)
      const whole = isWhole ? await nameOf(db) : undefined
      const checks = await look({ team, store: db, whole }, finding => {
        if (!json) process.stdout.write(describe(finding))
      })
      const ok = checks.every(({ state }) => state !== 'broken')
      if (json) process.stdout.write(`${JSON.stringify({ ok, checks }, null, 2)}\n`)
      if (!ok) exit(EXIT.failed)
    })

/** How a command names the store, where that is not the one that crew finds by itself. */
async function nameOf(db: string | undefined): Promise<string> {
  const { formatReference } = await import('../ui/format.ts')
  return formatReference('', db)
}

async function mend(db: string | undefined): Promise<void> {
  const [{ systemClock }, { defaultStore }, { repairStore }, { whileWaiting }] = await Promise.all([
    import('../clock.ts'),
    import('../home.ts'),
    import('../store/repair.ts'),
    import('../ui/wait.ts'),
  ])
  const mended = await whileWaiting('mending the store', () => repairStore(db ?? defaultStore(), systemClock))
  process.stderr.write(`crew: made anew: all indexes, and rows and bills of ${mended} runs\n`)
}

async function rescue(file: string, db: string | undefined): Promise<void> {
  const [{ systemClock }, { defaultStore }, { salvageStore }, { sanitize }, { whileWaiting }] =
    await Promise.all([
      import('../clock.ts'),
      import('../home.ts'),
      import('../store/salvage.ts'),
      import('../ui/text.ts'),
      import('../ui/wait.ts'),
    ])
  const save = () => salvageStore(db ?? defaultStore(), file, systemClock)
  const { whole, part, lost } = await whileWaiting('saving what can be read', save)
  const rest = part + lost > 0 ? `; of ${part} only the beginning, of ${lost} nothing` : ''
  process.stdout.write(sanitize(`${file}: ${whole} runs as they were${rest}\n`))
}

/** Looks at everything, and tells of each finding as it is made. */
export async function look(
  patient: Pick<Patient, 'team' | 'store' | 'whole' | 'rehearsal'>,
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
