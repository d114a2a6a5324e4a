import { clipStart } from './fit.ts'
import type { Key } from './keys.ts'

/** A line that somebody writes. */
export interface Prompt {
  readonly text: string
  /** Where the next character goes, in characters. */
  readonly at: number
}

export const EMPTY: Prompt = { text: '', at: 0 }

export function promptOf(text: string): Prompt {
  return { text, at: [...text].length }
}

/** What a key makes of a line; the same when it does nothing. Enter and Esc are for whoever asked. */
export function edit(prompt: Prompt, { name, text }: Key): Prompt {
  const characters = [...prompt.text]
  const { at } = prompt
  const end = characters.length
  const moved = {
    left: Math.max(0, at - 1),
    right: Math.min(end, at + 1),
    home: 0,
    end,
    'ctrl-a': 0,
    'ctrl-e': end,
  }
  const to = moved[name as keyof typeof moved]
  if (to !== undefined) return { ...prompt, at: to }
  const cut = (from: number, until: number) => ({
    text: [...characters.slice(0, from), ...characters.slice(until)].join(''),
    at: from,
  })
  if (name === 'backspace') return at > 0 ? cut(at - 1, at) : prompt
  if (name === 'delete') return cut(at, at + 1)
  if (name === 'ctrl-u') return cut(0, at)
  if (name === 'ctrl-k') return cut(at, end)
  if (name === 'ctrl-w')
    return cut(/^(.*?)\S*\s*$/s.exec(characters.slice(0, at).join(''))?.[1]?.length ?? 0, at)
  if (text === '') return prompt
  // What was pasted stays one line: nobody sees a line break, and Enter is what sends it.
  const put = [...text.replace(/[\r\n]+/g, ' ')]
  return { text: [...characters.slice(0, at), ...put, ...characters.slice(at)].join(''), at: at + put.length }
}

/** The line in `columns` columns, with the cursor in it; its end counts most. */
export function showPrompt({ text, at }: Prompt, columns: number, invert: (text: string) => string): string {
  const characters = [...text]
  const before = clipKeeping(characters.slice(0, at).join(''), Math.max(1, columns - 2))
  const here = characters[at]
  const cursor = here === undefined ? '▏' : invert(/\s/.test(here) ? ' ' : clipStart(here, 2))
  const after =
    here === undefined
      ? ''
      : characters.slice(at + 1, at + 1 + Math.max(0, columns - before.length - 3)).join('')
  return before + cursor + clipKeeping(after, Math.max(0, columns - before.length - 2))
}

/** The end of a text with the blanks at its ends, which somebody may just have written. */
function clipKeeping(text: string, columns: number): string {
  const kept = clipStart(text, columns)
  const blanks = / *$/.exec(text)?.[0] ?? ''
  return (kept + blanks).slice(-Math.max(1, columns))
}
