import { describe, expect, it } from 'vitest'
import { createKeys } from '../../../src/ui/screen/keys.ts'
import { manualClock } from '../../helpers/clock.ts'

function pressing(...chunks: readonly string[]) {
  const clock = manualClock()
  const names: string[] = []
  const keys = createKeys(({ name, text }) => names.push(name === 'paste' ? `paste ${text}` : name), clock)
  for (const chunk of chunks) keys.push(chunk)
  return {
    names,
    wait: () => {
      clock.advance(60)
      return names
    },
  }
}

describe('the keys of a terminal', () => {
  it('are known by their sequences, several in one piece as well', () => {
    expect(pressing('\x1b[A\x1bOBj\r\x03\x7f\x1b[5~é漢').names).toEqual([
      ...['up', 'down', 'j', 'enter', 'ctrl-c', 'backspace', 'pageup', 'é', '漢'],
    ])
  })

  it('never become letters when a sequence is cut in two', () => {
    expect(pressing('\x1b', '[A', '\x1b[', 'B').names).toEqual(['up', 'down'])
    expect(pressing('\x1b[').wait()).toEqual([])
  })

  it('Esc alone is Esc a moment later', () => {
    const { names, wait } = pressing('\x1b')
    expect(names).toEqual([])
    expect(wait()).toEqual(['escape'])
  })

  it('what is pasted is one thing and presses nothing, wherever it is cut', () => {
    expect(pressing('\x1b[200~aA', 'x\ny\x1b[201~q').names).toEqual(['paste aAx\ny', 'q'])
    expect(pressing('\x1b[200~aA').wait()).toEqual(['paste aA'])
  })
})
