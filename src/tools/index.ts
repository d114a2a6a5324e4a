import { listFiles } from './list-files.ts'
import { readFile } from './read-file.ts'
import { searchFiles } from './search-files.ts'
import type { Tool } from './tool.ts'

/** Every built-in tool by its name. Models choose names, so nothing is inherited: there is no tool `constructor`. */
export const TOOLS: Readonly<Record<string, Tool>> = Object.assign(
  Object.create(null),
  Object.fromEntries([readFile, listFiles, searchFiles].map(tool => [tool.name, tool])),
)
