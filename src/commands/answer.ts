import { hostname, userInfo } from 'node:os'
import { Command } from 'commander'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly step?: string
}

export const answer: CreateCommand = () =>
  new Command('answer')
    .description('Answer what a run asks')
    .argument('<run>', 'id, beginning of an id, last, -1, -2 …')
    .argument('<answer>', 'one of the choices, or any text when there are none')
    .option('--step <key>', 'which question, when there are several: its key or that of the step that asks')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew answer last retry
  $ crew answer 0k3f "done=ticket 4711" --step writer/run`,
    )
    .action(async (reference: string, words: string, { step, ...options }: Options) => {
      const [
        { systemClock },
        { findRun },
        { findQuestion, readAnswer },
        { viewOf },
        { sanitize },
        { formatReference },
      ] = await Promise.all([
        import('../clock.ts'),
        import('../store/find.ts'),
        import('../store/questions.ts'),
        import('../store/view.ts'),
        import('../ui/text.ts'),
        import('../ui/format.ts'),
      ])
      await withStore(options, async store => {
        const { id } = await findRun(store, reference)
        const view = viewOf(await store.events(id))
        const question = findQuestion(view, id, await store.signals(id, 0), step, systemClock.now())
        const value = readAnswer(question, words)
        await store.signal(id, { key: question.key, value, by: whoAmI(), at: systemClock.now() })
        const owner = (await store.run(id))?.owner
        const next = owner
          ? `process ${owner.pid} takes it up by itself`
          : `go on with: crew resume ${formatReference(id, options.db)}`
        process.stdout.write(`${sanitize(question.key)}: answered; ${next}\n`)
      })
    })

function whoAmI(): string {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    // In a container, a user may have a number and no name.
    return `${process.getuid?.() ?? 'somebody'}@${hostname()}`
  }
}
