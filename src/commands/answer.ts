import { Command } from 'commander'
import type { CreateCommand } from './command.ts'
import { addReplyOptions, type ReplyOptions, reply } from './reply.ts'

interface Options extends ReplyOptions {
  readonly step?: string
}

export const answer: CreateCommand = exit =>
  addReplyOptions(
    new Command('answer')
      .description('Answer what a run asks')
      .argument('<run>', 'id, beginning of an id, last, -1, -2 …')
      .argument('<answer>', 'one of the choices, or any text when there are none')
      .option(
        '--step <key>',
        'which question, when there are several: its number or key, or the key of the step that asks',
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ crew answer last retry
  $ crew answer 0k3f "done=ticket 4711" --step writer/run --resume`,
    )
    .action(async (reference: string, words: string, { step, ...options }: Options) => {
      const code = await reply(
        reference,
        { via: 'crew answer', gate: step, done: 'answered' },
        options,
        async () => words,
      )
      if (code !== undefined) exit(code)
    })
