import { Command } from 'commander'
import { type CreateCommand, withStore } from './command.ts'
import { addReplyOptions, type ReplyOptions, reply, requireForm, showQuestion } from './reply.ts'

export const reject: CreateCommand = exit =>
  addReplyOptions(
    new Command('reject')
      .description('Refuse what a run asks leave for; whoever asked is told why')
      .argument('<run>', 'id, beginning of an id, last, -1, -2 …')
      .argument('[gate]', 'which one, when there are several: its number or key, or a name in the key')
      .argument('[reason...]', 'why, in words'),
  )
    .addHelpText(
      'after',
      `
What is no gate of the run is the beginning of the reason.

Examples:
  $ crew reject last "Too long, and no word about the price."
  $ crew reject 0k3f mailer "Not on a Friday."`,
    )
    .action(
      async (
        reference: string,
        first: string | undefined,
        rest: readonly string[],
        options: ReplyOptions,
      ) => {
        const isGate = first !== undefined && (await namesGate(reference, first, options))
        const words = isGate || first === undefined ? rest : [first, ...rest]
        const reason = words.join(' ').trim()
        const code = await reply(
          reference,
          { via: 'crew reject', gate: isGate ? first : undefined, done: 'rejected' },
          options,
          async (question, { run }) => {
            requireForm(question, 'reject', 'reject', run.id)
            await showQuestion(question)
            return reason === '' ? 'reject' : `reject=${reason}`
          },
        )
        if (code !== undefined) exit(code)
      },
    )

/** Whether a word names something that the run has asked, and is not the first one of a reason. */
async function namesGate(reference: string, word: string, options: ReplyOptions): Promise<boolean> {
  const [{ findRun }, { namesOf }, { viewOf }] = await Promise.all([
    import('../store/find.ts'),
    import('../store/questions.ts'),
    import('../store/view.ts'),
  ])
  return withStore(options, async store => {
    const { id } = await findRun(store, reference)
    return namesOf(viewOf(await store.events(id))).has(word)
  })
}
