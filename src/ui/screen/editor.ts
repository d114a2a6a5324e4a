import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asText, canonical, type Json, parseJson } from '../../json.ts'
import { runAtTerminal } from '../../spawn.ts'

/** The editor of the person, if they said which. */
export function editorOf({ VISUAL, EDITOR }: NodeJS.ProcessEnv): string | undefined {
  return VISUAL || EDITOR || undefined
}

/**
 * Has the person change `value` in their editor, in a private file that is gone afterwards.
 * @returns an answer of the form `edit=…`; nothing when it was left as it is
 */
export async function editAtTerminal(value: Json, editor: string): Promise<string | undefined> {
  const isText = typeof value === 'string'
  const folder = await mkdtemp(join(tmpdir(), 'crew-edit-'))
  try {
    await chmod(folder, 0o700)
    const file = join(folder, isText ? 'text.md' : 'value.json')
    // The last line break is for the editor.
    await writeFile(file, `${asText(value)}\n`, { mode: 0o600 })
    await runAtTerminal([...editor.trim().split(/\s+/), file])
    const written = (await readFile(file, 'utf8')).replace(/^\ufeff/, '').replace(/\r?\n$/, '')
    const made = isText ? written : parseJson(written)
    if (made !== undefined && canonical(made) === canonical(value)) return undefined
    return `edit=${isText || made === undefined ? written : JSON.stringify(made)}`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
