import { meaningfulWords } from './words.ts'

/** Characters of a prompt that are read for what it explains. */
const READ_AT_MOST = 16_000

/**
 * Words that speak for a name which `prompt` explains in a list (`- NAME: …`, `- NAME (…)`), or for the name itself:
 * those that `asked` shares with it. By default that is all of the prompt but such lists.
 */
export function wordsFor(name: string, prompt: string, asked?: string): string[] {
  const text = prompt.slice(0, READ_AT_MOST)
  const isAbout = (line: string) =>
    line.startsWith(`- ${name}`) && !/^[\w-]/.test(line.slice(name.length + 2))
  const explained = text.split('\n').find(isAbout)
  if (explained === undefined) return []
  const around = text.split(/\n{2,}/).filter(paragraph => !paragraph.split('\n').some(isAbout))
  const said = new Set(meaningfulWords(asked ?? around.join('\n\n')))
  return [...new Set(meaningfulWords(`${name} ${explained}`))].filter(word => said.has(word))
}
