import * as z from 'zod'
import { quoted } from './names.ts'
import { PATH_HINT, withFile } from './path.ts'
import { previewOfChange, previewOfNew } from './preview.ts'
import { type Found, findTarget, inLineFor, LARGEST, mayAll } from './target.ts'
import { defineTool, toolFailed } from './tool.ts'
import { writeWhole } from './write-whole.ts'

export const writeFile = defineTool({
  name: 'write_file',
  description:
    'Writes a text file of at most 1 MiB, and the folders that it needs. Makes a new file; with mode "replace" also one that exists. Change a part of a file with patch_file.',
  effects: 'idempotent',
  reach: 'writes',
  args: z.strictObject({
    path: z.string().min(1).describe(`File, ${PATH_HINT}`),
    content: z.string().describe('All that is to be in the file'),
    mode: z
      .enum(['create', 'replace'])
      .default('create')
      .describe('create: fails when the file exists; replace: writes it in any case'),
  }),
  async plan({ path, content, mode }, ground) {
    const bytes = encode(content)
    const target = await findTarget(ground, path)
    const { shown, touches, was } = target
    // What is in a file is nothing to tell those who may not touch it.
    if (!mayAll(ground, 'write_file', touches)) return { touches }
    const before = was && (await contentOf(target))
    if (was && mode === 'create' && !before?.equals(bytes)) throw exists(shown)
    return { touches, preview: await previewOf(shown, before, content) }
  },
  async run({ path, content, mode }, { signal, ...ground }) {
    const bytes = encode(content)
    const { real } = await findTarget(ground, path)
    return inLineFor(real, async () => {
      signal.throwIfAborted()
      const target = await findTarget(ground, path)
      const { shown, was } = target
      // Somebody who was interrupted right after the act comes here again.
      if (was && (await contentOf(target))?.equals(bytes))
        return `${quoted(shown)} has exactly this content (${sizeOf(bytes.length)}).`
      if (was && mode === 'create') throw exists(shown)
      await writeWhole(target, bytes, signal)
      return was
        ? `Replaced ${quoted(shown)}: ${sizeOf(bytes.length)}, ${sizeOf(Number(was.size))} before.`
        : `Created ${quoted(shown)}: ${sizeOf(bytes.length)}.`
    })
  },
})

function encode(content: string): Buffer {
  const bytes = Buffer.from(content)
  if (bytes.length > LARGEST)
    throw toolFailed(`The content has ${sizeOf(bytes.length)}, and 1 MiB is the most: write several files.`)
  return bytes
}

/** What is in a file, unless that is too much to look at. */
async function contentOf({ real, shown, was }: Found): Promise<Buffer | undefined> {
  return Number(was?.size ?? 0) > LARGEST ? undefined : withFile({ real, shown }, file => file.readFile())
}

async function previewOf(shown: string, before: Buffer | undefined, content: string): Promise<string> {
  if (before === undefined) return previewOfNew(shown, content)
  const text = before.toString()
  return before.includes(0)
    ? `Replaces ${sizeOf(before.length)} that are no text.\n${previewOfNew(shown, content)}`
    : previewOfChange(shown, text, content)
}

function exists(shown: string) {
  return toolFailed(
    `${quoted(shown)} exists already: change it with patch_file, or write all of it anew with mode "replace".`,
  )
}

function sizeOf(bytes: number): string {
  return `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`
}
