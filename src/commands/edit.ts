import { Command } from 'commander'
import { CrewError, toCrewError } from '../errors.ts'
import { asText } from '../json.ts'
import type { Question } from '../store/questions.ts'
import type { CreateCommand } from './command.ts'
import { addReplyOptions, type ReplyOptions, reply, requireForm, showQuestion } from './reply.ts'

export const edit: CreateCommand = exit =>
  addReplyOptions(
    new Command('edit')
      .description('Change what a run asks leave for in $VISUAL or $EDITOR, and approve what comes out')
      .argument('<run>', 'id, beginning of an id, last, -1, -2 …')
      .argument('[gate]', 'which one, when there are several: its number or key, or a part of the key'),
  )
    .addHelpText(
      'after',
      `
The editor gets a private file with the output, the task or the arguments. What is left as it was decides nothing.

Examples:
  $ crew edit last
  $ EDITOR="code --wait" crew edit 0k3f writer/review --resume`,
    )
    .action(async (reference: string, gate: string | undefined, options: ReplyOptions) => {
      const code = await reply(
        reference,
        { via: 'crew edit', gate, done: 'answered' },
        options,
        async (question, { run }) => {
          requireForm(question, 'edit=', 'edit', run.id)
          await showQuestion(question)
          return inEditor(question)
        },
      )
      if (code !== undefined) exit(code)
    })

/** Has the person edit until it fits, or something else is decided. */
async function inEditor(question: Question): Promise<string | undefined> {
  const { editable = null } = question
  const [{ editAtTerminal, editedAnswer, editorOf }, { readAnswer }] = await Promise.all([
    import('../ui/editor.ts'),
    import('../store/questions.ts'),
  ])
  const editor = editorOf(process.env) ?? (process.platform === 'win32' ? 'notepad' : 'vi')
  let text = asText(editable)
  for (;;) {
    text = await editAtTerminal(editable, text, editor)
    const answer = editedAnswer(editable, text)
    if (answer === undefined) return whatNow()
    try {
      await readAnswer(question, answer)
      return answer
    } catch (thrown) {
      const error = toCrewError(thrown)
      if (error.code !== 'usage' || !process.stdin.isTTY) throw thrown
      const { sanitize } = await import('../ui/text.ts')
      process.stderr.write(`${sanitize(error.message)}\n`)
      if ((await choose('edit again, or give up?', { e: 'edit', g: 'give up' })) === 'g') throw thrown
    }
  }
}

/** Nothing was changed: that may mean that all is well, or that it was a mistake to begin. */
async function whatNow(): Promise<string | undefined> {
  if (!process.stdin.isTTY) {
    throw new CrewError('usage', 'nothing was changed, so nothing is decided', {
      hint: 'approve it as it is with: crew approve; or refuse it with: crew reject',
    })
  }
  const choice = await choose('nothing was changed. What now?', {
    a: 'approve it as it is',
    r: 'reject it',
    n: 'nothing: it keeps waiting',
  })
  return { a: 'approve', r: 'reject', n: undefined }[choice]
}

/** A choice by one letter, asked until it is one of them; what ends the input chooses the last one. */
async function choose<Key extends string>(
  question: string,
  choices: Readonly<Record<Key, string>>,
): Promise<Key> {
  const { createInterface } = await import('node:readline/promises')
  const keys = Object.keys(choices) as Key[]
  const list = keys.map(key => `[${key}] ${choices[key]}`).join('  ')
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    for (;;) {
      const closed = new Promise<string>(resolve => prompt.once('close', () => resolve(keys.at(-1) ?? '')))
      const typed = (await Promise.race([prompt.question(`${question}  ${list}  `), closed]))
        .trim()
        .toLowerCase()
      const chosen = keys.find(key => typed === key)
      if (chosen !== undefined) return chosen
    }
  } finally {
    prompt.close()
  }
}
