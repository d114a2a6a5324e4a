import { describe, expect, it } from 'vitest'
import { EMPTY, edit, promptOf, showPrompt } from '../../../src/ui/screen/prompt.ts'

const key = (name: string, text = '') => ({ name, text, raw: '' })
const typed = (text: string) =>
  [...text].reduce((prompt, character) => edit(prompt, key(character, character)), EMPTY)

describe('a line that somebody writes', () => {
  it('takes characters where the cursor is, also wide ones', () => {
    let prompt = typed('a漢c')
    prompt = edit(edit(prompt, key('left')), key('backspace'))
    expect(edit(prompt, key('b', 'b'))).toEqual({ text: 'abc', at: 2 })
  })

  it('is edited as in a shell', () => {
    expect(edit(typed('one two  '), key('ctrl-w')).text).toBe('one ')
    expect(edit(typed('one two'), key('ctrl-u'))).toEqual(EMPTY)
    expect(edit(edit(typed('abc'), key('home')), key('delete')).text).toBe('bc')
  })

  it('stays one line when several are pasted, and keys that write nothing change nothing', () => {
    expect(edit(EMPTY, key('paste', 'a\r\nb')).text).toBe('a b')
    expect(edit(promptOf('x'), key('pageup'))).toEqual(promptOf('x'))
  })

  it('shows its end and the cursor, harmless and never too wide', () => {
    const plain = (text: string) => `[${text}]`
    expect(showPrompt(promptOf('abc '), 20, plain)).toBe('abc ▏')
    expect(showPrompt({ text: 'abc', at: 1 }, 20, plain)).toBe('a[b]c')
    expect(showPrompt(promptOf('0123456789'), 6, plain)).toBe('6789▏')
  })
})
