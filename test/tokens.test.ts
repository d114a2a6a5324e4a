import { randomBytes, randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { countTokens, mostTokens } from '../src/tokens.ts'
import { cpuTime } from './helpers/cpu.ts'

/** Tokens that the vocabularies o200k_base and cl100k_base of OpenAI make of these texts, the larger count of both. */
it.each([
  ['The quick brown fox jumps over the lazy dog. It was not amused.', 15],
  ['const total = items.reduce((sum, { price }) => sum + price, 0)', 19],
  ['{"id":42,"tags":["a","b"],"nested":{"deep":[1,2,3]}}', 23],
  ['Die Donaudampfschifffahrtsgesellschaft überraschte.', 18],
  ['W Szczebrzeszynie chrząszcz brzmi w trzcinie.', 21],
  ['Искусственный интеллект меняет мир.', 18],
  ['人工智能正在改变我们每天工作和学习的方式。', 20],
  ['인공지능은 우리가 매일 일하고 배우는 방식을 바꾼다.', 27],
  ['བོད་ཀྱི་སྐད་ཡིག', 32],
  ['ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ', 28],
  ['👩‍👩‍👧‍👦🧬🫠', 24],
])('%s has at most as many tokens as it is said to have', (text, tokens) => {
  expect(mostTokens(text)).toBeGreaterThanOrEqual(tokens)
  expect(mostTokens(text)).toBeLessThan(4 * tokens)
})

it.each([
  ['digits', Array.from({ length: 900 }, () => Math.floor(Math.random() * 10)).join(''), 1],
  ['base64', randomBytes(3_000).toString('base64'), 0.9],
  ['hexadecimal', randomBytes(3_000).toString('hex'), 0.98],
  ['UUIDs', Array.from({ length: 50 }, () => randomUUID()).join('\n'), 0.7],
])('data counts nearly a token for each character, or what is left of it: %s', (_, text, share) => {
  expect(mostTokens(text)).toBeGreaterThanOrEqual(share * text.length)
  expect(mostTokens(text)).toBeLessThanOrEqual(text.length)
})

it('prose counts about half as much again as by its bytes, and half a megabyte is counted in no time', () => {
  const prose = 'It was a bright cold day in April, and the clocks were striking thirteen. '.repeat(7_000)
  const share = mostTokens(prose) / countTokens(prose)
  expect(share).toBeGreaterThan(1)
  expect(share).toBeLessThan(1.7)
  const began = cpuTime()
  mostTokens(prose)
  expect(cpuTime() - began).toBeLessThan(500)
})
