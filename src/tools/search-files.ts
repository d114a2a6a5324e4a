import { basename } from 'node:path'
import * as z from 'zod'
import { decodeText } from '../plain-text.ts'
import { inLine, quoted } from './names.ts'
import { PATH_HINT, type Place, planFor, resolveUnder, withFile } from './path.ts'
import { compileName, compilePattern, type Pattern } from './pattern.ts'
import { mayAll } from './target.ts'
import { defineTool, toolFailed } from './tool.ts'
import { openWalk } from './walk.ts'

const MOST_MATCHES = 200
const MOST_FILES = 10_000
/** Files with more bytes than this are rarely written by somebody. */
const LARGEST = 1024 ** 2
/** Characters of a line that are searched, and that are shown. */
const LONGEST_LINE = 2000
const LONGEST_SHOWN = 300
const DEEPEST = 20

export const searchFiles = defineTool({
  name: 'search_files',
  description:
    'Finds lines in text files and gives each as "file:line: text", 200 at the most. Leaves out node_modules, .git, binary files and files over 1 MiB.',
  effects: 'pure',
  reach: 'reads',
  args: z.strictObject({
    text: z.string().min(1).max(1000).describe('What to look for, as it is written'),
    regex: z.boolean().default(false).describe('Read text as a regular expression (RE2 syntax)'),
    ignoreCase: z.boolean().default(false),
    path: z.string().min(1).default('.').describe(`File or folder, ${PATH_HINT}`),
    name: z
      .string()
      .max(200)
      .default('*')
      .describe('Only files with a name like this: * stands for anything, ? for one'),
  }),
  plan: ({ path }, ground) => planFor(path, ground),
  async run({ text, regex, ignoreCase, path, name }, { signal, ...ground }) {
    const start = await resolveUnder(ground, path)
    // What is found is read: a rule against that holds here as well.
    if (!mayAll(ground, 'read_file', start.touches))
      throw toolFailed(`${quoted(start.shown)} may not be read.`)
    const pattern = await compilePattern(text, { literal: !regex, ignoreCase })
    const fileName = await compileName(name)
    const folder = await openWalk(['search_files', 'read_file'], ground)
    const report = (found: readonly string[], ...notes: readonly string[]) =>
      [...found, ...notes, ...folder.notes()].join('\n')
    const found: string[] = []
    let files = 0
    for await (const place of start.kind === 'folder' ? folder.walk(start, DEEPEST, signal) : [start]) {
      signal.throwIfAborted()
      if (place.kind !== 'file' || !fileName.test(basename(place.shown))) continue
      files += 1
      if (files > MOST_FILES) return report(found, cut(`Only ${MOST_FILES} files were searched`))
      found.push(...(await searchFile(place, pattern, MOST_MATCHES - found.length)))
      if (found.length === MOST_MATCHES) return report(found, cut(`Only the first ${MOST_MATCHES} are shown`))
    }
    return found.length > 0 ? report(found) : report([], `[Not found in ${files} files.]`)
  },
})

function cut(why: string): string {
  return `[${why}: ask for something more specific, a folder or a name.]`
}

/** Up to `most` matching lines of a text file. A file that cannot be read has none. */
async function searchFile(place: Place, pattern: Pattern, most: number): Promise<string[]> {
  const found: string[] = []
  let number = 0
  for (const line of (await readText(place))?.split(/\r?\n/) ?? []) {
    number += 1
    if (!pattern.test(line.slice(0, LONGEST_LINE))) continue
    found.push(`${inLine(place.shown)}:${number}: ${line.slice(0, LONGEST_SHOWN)}`)
    if (found.length === most) break
  }
  return found
}

async function readText(place: Place): Promise<string | undefined> {
  try {
    return await withFile(place, async file => {
      const { size } = await file.stat()
      return size > LARGEST ? undefined : decodeText(await file.readFile())
    })
  } catch {
    return undefined
  }
}
