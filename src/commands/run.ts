import { Command } from 'commander'
import { EXIT } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { BUDGET_OPTION, readBudgets } from './budget.ts'
import { type CreateCommand, collect, type StoreOptions, storeOption, withStore } from './command.ts'
import { describing, look } from './doctor.ts'
import { addOutputOptions, type OutputOptions, present, readPatience } from './present.ts'
import { obtainTrust, TRUST_OPTION } from './trusting.ts'

interface Options extends OutputOptions {
  readonly input: readonly string[]
  readonly budget: readonly string[]
  readonly rehearse?: boolean
  readonly check?: boolean
  readonly trust?: boolean
}

export const run: CreateCommand = exit =>
  addOutputOptions(
    new Command('run')
      .description('Run a team')
      .argument('<team>', 'the team file: .yaml, .yml or .json')
      .argument('[task]', 'what to do; by default what comes on stdin')
      .option(
        '-i, --input <name=value>',
        'an input of the team; NAME=@FILE reads it from a file',
        collect,
        [],
      )
      .option(...BUDGET_OPTION, collect, [])
      .option(...TRUST_OPTION)
      .option('--rehearse', 'call no model and execute nothing with effects: free, offline, instant')
      .option(
        '--check',
        'look first at everything that crew doctor TEAM looks at, and start only if all is well',
      )
      .addOption(storeOption()),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ crew run team.yaml "Compare SQLite and DuckDB"
  $ crew run team.yaml --input topic="federated learning" --rehearse
  $ crew run team.yaml -i notes=@notes.txt --json | jq .output
  $ cat notes.txt | crew run team.yaml`,
    )
    .action(async (file: string, task: string | undefined, options: Options) => {
      const [{ run }, { loadTeam }, { readInput }] = await Promise.all([
        import('../app.ts'),
        import('../team/load.ts'),
        import('./input.ts'),
      ])
      await readPatience(options)
      const team = await loadTeam(file)
      const input = await readInput(team.definition, options.input, task)
      const rehearsal = options.rehearse === true
      const limits = readBudgets(options.budget)
      const hint = `crew trust ${file}`
      const untrusted = !(await obtainTrust(team, options, {
        rehearsal,
        hint: rehearsal ? hint : `${hint}, or --trust`,
      }))
      if (options.check && !(await isWell(file, { ...options, rehearsal }))) return exit(EXIT.failed)
      const use = async (store: Store) => {
        exit(
          await present(store, options, presentation =>
            run(
              team,
              input,
              { rehearsal, limits, onCreated: presentation.begin },
              { store, env: process.env, untrusted, ...presentation },
            ),
          ),
        )
      }
      await withStore(options, use, { mayCreate: true })
    })

/** Says on stderr what is broken, if something is. */
async function isWell(
  team: string,
  { db, rehearsal }: StoreOptions & { readonly rehearsal: boolean },
): Promise<boolean> {
  const describe = await describing(process.stderr)
  const findings = await look({ team, store: db, rehearsal }, finding => {
    if (finding.state === 'broken') process.stderr.write(describe(finding))
  })
  return findings.every(({ state }) => state !== 'broken')
}
