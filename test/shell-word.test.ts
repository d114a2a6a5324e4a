import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { shellWord } from '../src/shell-word.ts'

it('a word comes out of a shell as it was, whatever is in it', () => {
  const texts = ['', 'a/b-1.db', "it's", '"…"', '$HOME `id` $(id) ;|&<>*?!', '~', '=ls', '#x', 'a\nb', 'é \\']
  const words = texts.map(shellWord)
  expect(words[1]).toBe('a/b-1.db')
  const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${words.join(' ')}`], { encoding: 'utf8' })
  expect(stdout.split('\0').slice(0, -1)).toEqual(texts)
})
