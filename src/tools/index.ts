import type { Fetch } from '../fetch/fetch.ts'
import { ASK_PERSON, type Asking, askPerson } from './ask-person.ts'
import type { CommandMeans } from './command.ts'
import { fetchUrl } from './fetch-url.ts'
import { listFiles } from './list-files.ts'
import { memoryTools, type Remembering } from './memory.ts'
import { patchFile } from './patch-file.ts'
import { readFile } from './read-file.ts'
import { runCommand } from './run-command.ts'
import { searchFiles } from './search-files.ts'
import type { Tool } from './tool.ts'
import { writeFile } from './write-file.ts'

const FILE_TOOLS = [readFile, listFiles, searchFiles, writeFile, patchFile]

/** Names of all tools that crew brings along, besides those by which agents talk to each other. */
export const BUILT_IN: readonly string[] = [
  ...FILE_TOOLS.map(({ name }) => name),
  'run_command',
  'fetch_url',
  'remember',
  'recall',
  'forget',
  ASK_PERSON,
]

/** What they work with. */
export interface ToolMeans extends CommandMeans, Remembering, Asking {
  /** Guarded. */
  readonly fetch: Fetch
}

/** The tools with these names, as one agent gets them. */
export function builtInTools(means: ToolMeans): readonly Tool[] {
  return [...FILE_TOOLS, runCommand(means), fetchUrl(means), ...memoryTools(means), askPerson(means)]
}
