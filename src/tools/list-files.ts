import { basename } from 'node:path'
import * as z from 'zod'
import { inLine, quoted } from './names.ts'
import { PATH_HINT, planFor, resolveUnder } from './path.ts'
import { compileName } from './pattern.ts'
import { defineTool, type Ground, toolFailed } from './tool.ts'
import { openWalk } from './walk.ts'

const MOST_ENTRIES = 1000

export const listFiles = defineTool({
  name: 'list_files',
  description:
    'Lists the files and folders of a folder; folders end in "/". Leaves out node_modules and .git. Gives at most 1000 names.',
  effects: 'pure',
  reach: 'reads',
  args: z.strictObject({
    path: z.string().min(1).default('.').describe(`Folder, ${PATH_HINT}`),
    depth: z.int().min(1).max(20).default(2).describe('How many levels of folders to look into'),
    name: z
      .string()
      .max(200)
      .default('*')
      .describe('Only names like this: * stands for anything, ? for one character'),
  }),
  plan: ({ path }, ground) => planFor(path, ground),
  async run({ path, depth, name }, { signal, ...ground }) {
    const folder = await resolveUnder(ground, path)
    if (folder.kind !== 'folder')
      throw toolFailed(`${quoted(folder.shown)} is not a folder: read it with read_file.`)
    const pattern = await compileName(name)
    const found = await openWalk(['list_files', 'read_file'], ground)
    const names: string[] = []
    const notes = folder.shown === '.' ? elsewhere(ground) : []
    for await (const { shown, kind } of found.walk(folder, depth, signal)) {
      if (!pattern.test(basename(shown))) continue
      if (names.length === MOST_ENTRIES) {
        notes.push(`[There is more than these ${MOST_ENTRIES}: ask for a folder, a name or less depth.]`)
        break
      }
      names.push(inLine(kind === 'folder' ? `${shown}/` : shown))
    }
    if (names.length === 0) names.push(`[Nothing like that is in ${quoted(folder.shown)}.]`)
    return [...names, ...found.notes(), ...notes].join('\n')
  },
})

/** Tells those who look around in the working folder what else there is. */
function elsewhere({ roots = [] }: Ground): string[] {
  return roots.length > 0 ? [`[Other folders: ${roots.map(({ name }) => `${name}:/`).join(', ')}]`] : []
}
