import { inLine } from './names.ts'

/** Lines and characters of what a person is shown. */
const MOST_LINES = 200
const MOST_CHARACTERS = 16_000
/** Beyond so many changed lines nobody compares them one by one, and finding them takes long. */
const MOST_CHANGES = 2000

/** What a person is shown of a new file. */
export function previewOfNew(shown: string, content: string): string {
  return `New file ${inLine(shown)}:\n${cut(content)}`
}

/** What a person is shown of a change: a unified diff. */
export async function previewOfChange(shown: string, before: string, after: string): Promise<string> {
  if (before === after) return `${inLine(shown)} has this content already.`
  const { createTwoFilesPatch, FILE_HEADERS_ONLY } = await import('diff')
  const name = inLine(shown)
  const options = { context: 3, maxEditLength: MOST_CHANGES, headerOptions: FILE_HEADERS_ONLY }
  const patch = createTwoFilesPatch(name, name, before, after, undefined, undefined, options)
  return patch === undefined ? `${name} becomes another text altogether:\n${cut(after)}` : cut(patch)
}

function cut(text: string): string {
  const lines = text.split('\n')
  const few = lines.slice(0, MOST_LINES).join('\n')
  const shown = few.slice(0, MOST_CHARACTERS)
  if (shown.length === text.length) return text
  return `${shown}\n[… ${lines.length - shown.split('\n').length} more lines, ${text.length - shown.length} more characters]`
}
