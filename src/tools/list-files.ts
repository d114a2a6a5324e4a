import { basename } from 'node:path'
import { z } from 'zod'
import { resolveUnder } from './path.ts'
import { compileName } from './pattern.ts'
import { defineTool, toolFailed } from './tool.ts'
import { walk } from './walk.ts'

const MOST_ENTRIES = 1000

export const listFiles = defineTool({
  name: 'list_files',
  description:
    'Lists the files and folders of a folder; folders end in "/". Leaves out node_modules and .git. Gives at most 1000 names.',
  effects: 'pure',
  args: z.strictObject({
    path: z.string().min(1).default('.').describe("Folder, relative to the team's folder"),
    depth: z.int().min(1).max(20).default(2).describe('How many levels of folders to look into'),
    name: z
      .string()
      .max(200)
      .default('*')
      .describe('Only names like this: * stands for anything, ? for one character'),
  }),
  async run({ path, depth, name }, { root, signal }) {
    const folder = await resolveUnder(root, path)
    if (folder.kind !== 'folder')
      throw toolFailed(`"${folder.shown}" is not a folder: read it with read_file.`)
    const pattern = await compileName(name)
    const names: string[] = []
    for await (const { shown, kind } of walk(folder, depth, signal)) {
      if (!pattern.test(basename(shown))) continue
      if (names.length === MOST_ENTRIES) {
        return `${names.join('\n')}\n[There is more than these ${MOST_ENTRIES}: ask for a folder, a name or less depth.]`
      }
      names.push(kind === 'folder' ? `${shown}/` : shown)
    }
    return names.length > 0 ? names.join('\n') : `[Nothing like that is in "${folder.shown}".]`
  },
})
