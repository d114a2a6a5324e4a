import * as z from 'zod'
import { type Edited, edit } from './edits.ts'
import { quoted } from './names.ts'
import { PATH_HINT, withFile } from './path.ts'
import { previewOfChange } from './preview.ts'
import { type Found, findTarget, inLineFor, LARGEST, mayAll } from './target.ts'
import { defineTool, type Ground, toolFailed } from './tool.ts'
import { writeWhole } from './write-whole.ts'

export const patchFile = defineTool({
  name: 'patch_file',
  description:
    'Replaces pieces of a text file of at most 1 MiB: all of them or, when one cannot be found exactly once, none.',
  effects: 'idempotent',
  reach: 'writes',
  args: z.strictObject({
    path: z.string().min(1).describe(`File, ${PATH_HINT}`),
    edits: z
      .array(
        z.strictObject({
          find: z
            .string()
            .min(1)
            .max(20_000)
            .describe('Text that is in the file exactly once, as it stands there'),
          replace: z.string().describe('What is to stand there instead; empty to take it out'),
        }),
      )
      .min(1)
      .max(100)
      .describe('Each is about the file as it is now, and no two overlap'),
  }),
  async plan({ path, edits }, ground) {
    const target = await findTarget(ground, path)
    // What is in a file is nothing to tell those who may not touch it.
    if (!mayAll(ground, 'patch_file', target.touches)) return { touches: target.touches }
    const before = await textOf(target, ground)
    const edited = settle(target, edit(before, edits))
    const after = edited.kind === 'changed' ? edited.text : before
    return { touches: target.touches, preview: await previewOfChange(target.shown, before, after) }
  },
  async run({ path, edits }, { signal, ...ground }) {
    const { real } = await findTarget(ground, path)
    return inLineFor(real, async () => {
      signal.throwIfAborted()
      const target = await findTarget(ground, path)
      const edited = settle(target, edit(await textOf(target, ground), edits))
      const name = quoted(target.shown)
      if (edited.kind === 'done')
        return `${name} was not changed: what is to stand there stands there already (line ${edited.lines.join(', ')}). If you meant something else, read the file.`
      const bytes = Buffer.from(edited.text)
      await writeWhole(target, bytes, signal)
      return `Changed ${name} in ${edits.length} ${edits.length === 1 ? 'place' : 'places'}: ${bytes.length} bytes, ${target.was?.size} before.`
    })
  },
})

/** What is in the file, to the byte: a mark of byte order stays where it is. */
async function textOf({ real, shown, was, touches }: Found, ground: Ground): Promise<string> {
  // Whether a text is found says what is there.
  if (!mayAll(ground, 'read_file', touches)) throw toolFailed(`${quoted(shown)} may not be read.`)
  if (!was) throw toolFailed(`${quoted(shown)} does not exist: make it with write_file.`)
  if (Number(was.size) > LARGEST) throw toolFailed(`${quoted(shown)} is larger than 1 MiB.`)
  const bytes = await withFile({ real, shown }, file => file.readFile())
  try {
    if (!bytes.includes(0)) return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {}
  throw toolFailed(`${quoted(shown)} is not a text file.`)
}

function settle({ shown }: Found, edited: Edited): Exclude<Edited, { kind: 'failed' }> {
  if (edited.kind === 'failed')
    throw toolFailed(`${quoted(shown)} was not changed. ${edited.problems.join('; ')}.`)
  if (edited.kind === 'changed' && Buffer.byteLength(edited.text) > LARGEST)
    throw toolFailed(`${quoted(shown)} was not changed: it would be larger than 1 MiB.`)
  return edited
}
