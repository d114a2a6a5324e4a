import { Command } from 'commander'
import type { Question } from '../store/questions.ts'
import type { RunRow, Store } from '../store/store.ts'
import type { Waiting } from '../ui/inbox.ts'
import { type CreateCommand, naming, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly json?: boolean
}

export const inbox: CreateCommand = () =>
  new Command('inbox')
    .description('List all that waits for a person, over all runs; of one run, show it in full')
    .argument('[run]', 'id, beginning of an id, last, -1, -2 …')
    .argument('[gate]', 'one question of it: its number or key, or a part of the key')
    .option('--json', 'one JSON document with all that is known')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew inbox
  $ crew inbox 0k3f 2`,
    )
    .action(async (reference: string | undefined, gate: string | undefined, options: Options) => {
      await withStore(options, async store => {
        const waiting = await waitingIn(store, options, reference, gate)
        if (options.json) {
          const { documentOfInbox } = await import('../ui/inbox.ts')
          process.stdout.write(`${JSON.stringify({ waiting: documentOfInbox(waiting) }, null, 2)}\n`)
        } else await print(waiting, reference !== undefined, options)
      })
    })

/** The states of runs in which somebody may still be waited for. */
const OPEN: ReadonlySet<RunRow['state']> = new Set<RunRow['state']>([
  'waiting',
  'running',
  'interrupted',
  'failed',
])

async function waitingIn(
  store: Store,
  options: Options,
  reference?: string,
  gate?: string,
): Promise<Waiting[]> {
  const [{ systemClock }, { findRun }, { findQuestion, openQuestions }, { viewOf }] = await Promise.all([
    import('../clock.ts'),
    import('../store/find.ts'),
    import('../store/questions.ts'),
    import('../store/view.ts'),
  ])
  // A run that failed asks nobody until it is resumed, unless it is what the person asks about.
  const runs =
    reference === undefined
      ? (await store.runs()).filter(({ state }) => OPEN.has(state) && state !== 'failed')
      : [await findRun(store, reference)]
  const found: Waiting[] = []
  for (const run of runs) {
    const view = viewOf(await store.events(run.id))
    const given = await store.signals(run.id, 0)
    const isAnswered = (key: string) => given.some(signal => signal.kind === 'answer' && signal.key === key)
    const open = OPEN.has(run.state) ? openQuestions(view).filter(({ key }) => !isAnswered(key)) : []
    const find = async (gate: string) => findQuestion(view, run.id, given, gate, systemClock.now())
    const questions = gate === undefined ? open : [await naming(run.id, options, () => find(gate))]
    found.push(...questions.map(question => ({ run, question })))
  }
  return found.sort((one, other) => one.question.openedAt - other.question.openedAt)
}

async function print(waiting: readonly Waiting[], inFull: boolean, { db }: Options): Promise<void> {
  const [
    { systemClock },
    { formatInbox },
    { answersTo, describeInFull },
    { formatReference },
    { isTooLate },
    { styleFor },
    ui,
  ] = await Promise.all([
    import('../clock.ts'),
    import('../ui/inbox.ts'),
    import('../ui/question.ts'),
    import('../ui/format.ts'),
    import('../store/questions.ts'),
    import('../ui/style.ts'),
    import('../ui/table.ts'),
  ])
  const { stdout, stderr } = process
  if (waiting.length === 0) {
    stderr.write('nothing waits for a person\n')
    return
  }
  const style = styleFor(stdout)
  const now = systemClock.now()
  const waysOf = (question: Question, run: string) =>
    isTooLate(question, now)
      ? [`nothing, it is too late; the run goes on without: crew resume ${run}`]
      : answersTo(question, run, waiting.length > 1)
  const lines = inFull
    ? waiting.flatMap(({ run, question }) => [
        ...describeInFull(question, style),
        ...waysOf(question, formatReference(run.id, db)).map(
          (answer, index) => `  ${index === 0 ? 'answer with:' : '         or:'} ${style.cyan(answer)}`,
        ),
      ])
    : formatInbox(waiting, { style, width: ui.terminalWidth(stdout), now, db })
  stdout.write(`${lines.join('\n')}\n`)
}
