import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { CrewError } from '../errors.ts'
import type { CreateCommand } from './command.ts'
import { addReplyOptions, type ReplyOptions, reply, requireForm, showQuestion } from './reply.ts'

interface Options extends ReplyOptions {
  readonly edit?: string
  readonly always?: boolean
}

export const approve: CreateCommand = exit =>
  addReplyOptions(
    new Command('approve')
      .description('Let happen what a run asks leave for, and show what that is')
      .argument('<run>', 'id, beginning of an id, last, -1, -2 …')
      .argument('[gate]', 'which one, when there are several: its number or key, or a part of the key')
      .option(
        '--edit <value>',
        'with this in place of what there is: JSON, or text for a text; @FILE reads a file',
      )
      .option('--always', 'and all that is like it, for the rest of the run'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ crew approve last
  $ crew approve 0k3f writer/review --edit @better.md
  $ crew approve last 2 --always --resume`,
    )
    .action(async (reference: string, gate: string | undefined, { edit, always, ...options }: Options) => {
      if (edit !== undefined && always)
        throw new CrewError('usage', '--edit is for one time, and --always for all that is like it', {
          hint: 'give one of them',
        })
      const form = always ? 'always' : edit === undefined ? 'approve' : 'edit='
      const words = edit === undefined ? form : `edit=${await given(edit)}`
      const code = await reply(
        reference,
        { via: 'crew approve', gate, done: edit === undefined ? 'approved' : 'approved, as edited' },
        options,
        async (question, { run }) => {
          requireForm(question, form, always ? 'approve for always' : 'approve', run.id)
          await showQuestion(question)
          return words
        },
      )
      if (code !== undefined) exit(code)
    })

async function given(value: string): Promise<string> {
  if (!value.startsWith('@')) return value
  try {
    return await readFile(value.slice(1), 'utf8')
  } catch (cause) {
    throw new CrewError('usage', `--edit ${value} cannot be read`, {
      hint: 'give the path of a text file',
      cause,
    })
  }
}
