import { Command } from 'commander'
import { BUDGET_OPTION, readBudgets } from './budget.ts'
import { type CreateCommand, collect, naming, storeOption, withStore } from './command.ts'
import { addOutputOptions, type OutputOptions, present } from './present.ts'
import { obtainTrust, TRUST_OPTION } from './trusting.ts'

interface Options extends OutputOptions {
  readonly at?: string
  readonly agent: readonly string[]
  readonly input: readonly string[]
  readonly set: readonly string[]
  readonly team?: string | true
  readonly budget: readonly string[]
  readonly trust?: boolean
}

export const fork: CreateCommand = exit =>
  addOutputOptions(
    new Command('fork')
      .description('Run a team once more from the middle of a run, with something changed')
      .argument('<run>', 'id, beginning of an id, last, -1, -2 …')
      .option(
        '--at <step>',
        'do this step anew, and what began after it; or go back to behind the event with this number (crew history)',
      )
      .option(
        '--agent <name.field=value>',
        'another value in the definition of an agent, like writer.model=big; =@FILE reads it from a file',
        collect,
        [],
      )
      .option('-i, --input <name=value>', 'another input; =@FILE reads it from a file', collect, [])
      .option(
        '--set <steps.key.output=value>',
        'what counts as the result of a step, whoever gave it; =@FILE reads it from a file',
        collect,
        [],
      )
      .option(
        '--team [file]',
        'this team file, in place of the team as it was; with no name: its own, as that is now',
      )
      .option(...BUDGET_OPTION, collect, [])
      .option(...TRUST_OPTION)
      .addOption(storeOption()),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ crew fork last --at summarizer
  $ crew fork 0k3f --agent summarizer.model=big --json
  $ crew fork last --set steps.retriever.output=@found.txt
  $ crew fork last --team
  $ crew fork last --team team.yaml --input topic="whales"`,
    )
    .action(async (reference: string, options: Options) => {
      const [{ run, teamOf }, { planFork }, { findRun }, { fileOf }, { readPair, readPairs }] =
        await Promise.all([
          import('../app.ts'),
          import('../app/fork.ts'),
          import('../store/find.ts'),
          import('../team/edited.ts'),
          import('./input.ts'),
        ])
      const settings = async (option: string, texts: readonly string[]) =>
        (await Promise.all(texts.map(text => readPair(option, text)))).map(([path, value]) => ({
          path,
          value,
        }))
      const changes = {
        at: options.at,
        agents: await settings('agent', options.agent),
        input: await readPairs(options.input),
        results: await settings('set', options.set),
      }
      const limits = readBudgets(options.budget)
      await withStore(options, async store => {
        const { id, path, rehearsal } = await findRun(store, reference)
        const events = await store.events(id)
        const code = await naming(id, options, async () => {
          const parent = { id, events, team: { ...teamOf(events), path } }
          const file = options.team === true ? fileOf(parent.team) : options.team
          const { team, input, fork } = await planFork(parent, { ...changes, team: file })
          const hint = 'run the same command with --trust'
          const untrusted = !(await obtainTrust(team, options, { rehearsal, hint }))
          return present(store, options, presentation =>
            run(
              team,
              input,
              { rehearsal, limits, fork, onCreated: presentation.begin },
              { store, env: process.env, untrusted, ...presentation },
            ),
          )
        })
        exit(code)
      })
    })
