import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CrewError, toCrewError } from '../errors.ts'
import { canonical, type Json, parseJson } from '../json.ts'
import { runAtTerminal } from '../spawn.ts'

/** The editor of the person, if they said which. */
export function editorOf({ VISUAL, EDITOR }: NodeJS.ProcessEnv): string | undefined {
  return VISUAL || EDITOR || undefined
}

/**
 * Has the person change `text`, which is `value` or what they made of it before, in their editor: in a private file, which is
 * gone afterwards.
 * @returns what they left in the file
 */
export async function editAtTerminal(value: Json, text: string, editor: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'crew-edit-'))
  try {
    await chmod(folder, 0o700)
    const file = join(folder, typeof value === 'string' ? 'text.md' : 'value.json')
    // The last line break is for the editor.
    await writeFile(file, `${text}\n`, { mode: 0o600 })
    await openEditor(editor, file)
    return (await readBack(file)).replace(/^\ufeff/, '').replace(/\r?\n$/, '')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The answer that `text` stands for in place of `value`; undefined when it is the same. */
export function editedAnswer(value: Json, text: string): string | undefined {
  const isText = typeof value === 'string'
  const made = isText ? text : parseJson(text)
  if (made !== undefined && canonical(made) === canonical(value)) return undefined
  return `edit=${isText || made === undefined ? text : JSON.stringify(made)}`
}

async function openEditor(editor: string, file: string): Promise<void> {
  // Ctrl-C is for the editor: crew stays, says what has become of it, and takes the file away.
  const others = process.listeners('SIGINT')
  const stay = () => {}
  process.removeAllListeners('SIGINT').on('SIGINT', stay)
  try {
    await runAtTerminal([...editor.trim().split(/\s+/), file])
  } catch (thrown) {
    throw new CrewError(
      'usage',
      `the editor did not work: ${toCrewError(thrown).message}; nothing is decided`,
      {
        hint: 'set VISUAL or EDITOR to a program that is there, like: EDITOR=nano crew edit last',
        cause: thrown,
      },
    )
  } finally {
    process.off('SIGINT', stay)
    for (const other of others) process.on('SIGINT', other)
  }
}

async function readBack(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new CrewError('usage', `the editor left no file ${file}; nothing is decided`, {
      hint: 'keep the file where it is, and write into it',
      cause,
    })
  }
}
