import type { Command } from 'commander'
import { CrewError, type ExitCode } from '../errors.ts'
import type { Question } from '../store/questions.ts'
import type { RunRow, Store } from '../store/store.ts'
import { naming, type StoreOptions, storeOption, withStore } from './command.ts'
import { goOn } from './go-on.ts'

export interface ReplyOptions extends StoreOptions {
  readonly resume?: boolean
  readonly quiet?: boolean
}

/** What a person answers, in the words that `crew answer` takes, or nothing. */
type Decide = (question: Question, asked: Asked) => Promise<string | undefined>

/** A question in its run. */
interface Asked {
  readonly store: Store
  readonly run: RunRow
}

/** How a command finds the question, and says what became of it. */
interface Reply {
  /** The command, for the journal: `crew approve`. */
  readonly via: string
  readonly gate?: string | undefined
  /** Says in one word what was done. */
  readonly done: string
}

export function addReplyOptions(command: Command): Command {
  return command
    .option('--resume', 'go on with the run in this terminal, when no process runs it')
    .option('-q, --quiet', 'no progress on stderr, when it goes on')
    .addOption(storeOption())
}

/**
 * Finds the question that is meant, has `decide` answer it, and leaves the answer for the run.
 * @returns the exit code of the run when it goes on here
 */
export async function reply(
  reference: string,
  { via, gate, done }: Reply,
  options: ReplyOptions,
  decide: Decide,
): Promise<ExitCode | undefined> {
  const [
    { answer },
    { systemClock },
    { findRun },
    { findQuestion },
    { viewOf },
    { sanitize },
    { formatReference },
  ] = await Promise.all([
    import('../app/steer.ts'),
    import('../clock.ts'),
    import('../store/find.ts'),
    import('../store/questions.ts'),
    import('../store/view.ts'),
    import('../ui/text.ts'),
    import('../ui/format.ts'),
  ])
  return withStore(options, async store => {
    const run = await findRun(store, reference)
    const { id } = run
    return naming(id, options, async () => {
      const view = viewOf(await store.events(id))
      const given = await store.signals(id, 0)
      const question = findQuestion(view, id, given, gate, systemClock.now())
      const words = await decide(question, { store, run })
      if (words === undefined) {
        process.stderr.write('nothing is decided; it keeps waiting\n')
        return undefined
      }
      await answer(run, question, words, { store, clock: systemClock, via })
      const owner = (await store.run(id))?.owner
      const goesOnHere = options.resume && !owner
      const next = owner
        ? `process ${owner.pid} takes it up by itself`
        : `go on with: crew resume ${formatReference(id, options.db)}`
      const said = `${sanitize(question.key)}: ${done}${goesOnHere ? '' : `; ${next}`}\n`
      // Where the run goes on, standard output is for its result.
      ;(goesOnHere ? process.stderr : process.stdout).write(said)
      return goesOnHere ? goOn(store, run, options) : undefined
    })
  })
}

/** Shows on stderr all that is decided about. */
export async function showQuestion(question: Question): Promise<void> {
  const [{ describeInFull }, { styleFor }] = await Promise.all([
    import('../ui/question.ts'),
    import('../ui/style.ts'),
  ])
  process.stderr.write(`${describeInFull(question, styleFor(process.stderr)).join('\n')}\n`)
}

/** Throws `usage` for a question that cannot be answered with `form`, like `approve` or `edit=`. */
export function requireForm({ key, choices }: Question, form: string, verb: string, run: string): void {
  if (choices?.some(choice => choice === form || (form.endsWith('=') && choice.startsWith(form)))) return
  throw new CrewError('usage', `${key} is nothing to ${verb}`, {
    hint: choices
      ? `answer with one of ${choices.join(', ')}: crew answer ${run} ANSWER --step ${key}`
      : `answer it with: crew answer ${run} "…" --step ${key}`,
  })
}
