import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readFile } from '../../src/tools/read-file.ts'
import { folderWith, setting } from './folder.ts'

const numbered = count => Array.from({ length: count }, (_, at) => `line ${at + 1}\n`).join('')
it.each([
  ['all of a short file', 'a\nb\n', {}, 'a\nb\n'],
  ['a file without a last line break', 'a\nb', {}, 'a\nb'],
  ['nothing', '', {}, '[The file is empty.]'],
  ['from a line on', 'a\nb\nc\n', { from: 2 }, 'b\nc\n'],
  [
    'some lines, and how to go on',
    'a\nb\nc\n',
    { from: 1, lines: 2 },
    'a\nb\n[Lines 1 to 2. Read on with from: 3.]',
  ],
  ['the last lines without a word', 'a\nb\nc\n', { from: 2, lines: 2 }, 'b\nc\n'],
  ['what is not ASCII', 'ä\r\n€\n', {}, 'ä\r\n€\n'],
])('reads %s', async (_, content, args, shown) => {
  const root = folderWith({ file: content })
  expect(await readFile.call({ path: 'file', ...args }, setting(root))).toBe(shown)
})
it('gives a long file piece by piece, and nothing is lost', async () => {
  const content = `${'€uro\n'.repeat(9)}${numbered(30_000)}`
  const root = folderWith({ file: content })
  let all = ''
  let calls = 0
  for (let from = 1; from > 0; calls++) {
    const piece = String(await readFile.call({ path: 'file', from }, setting(root)))
    expect(Buffer.byteLength(piece)).toBeLessThan(66_000)
    const [text = '', next] = piece.split(/\[Lines \d+ to \d+\. Read on with from: (\d+)\.\]$/)
    all += text
    from = Number(next ?? 0)
  }
  expect(all).toBe(content)
  expect(calls).toBeGreaterThan(4)
})
it('cuts a line that is longer than 64 KiB, and can go on behind it', async () => {
  const root = folderWith({ file: `${'€'.repeat(50_000)}\nnext\n` })
  const piece = await readFile.call({ path: 'file' }, setting(root))
  expect(piece).toMatch(/^€+\n\[Line 1 is cut: it is longer than 64 KiB\. Read on with from: 2\.\]$/)
  expect(await readFile.call({ path: 'file', from: 2 }, setting(root))).toBe('next\n')
})
it.each([
  ['a NUL byte', Buffer.from('a\0b')],
  ['bytes that are not UTF-8', Buffer.from([0x89, 0x50, 0x4e, 0x47])],
])('refuses a file with %s', async (_, content) => {
  const root = folderWith({ image: content })
  await expect(readFile.call({ path: 'image' }, setting(root))).rejects.toMatchObject({
    code: 'tool-failed',
    message: '"image" is not a text file.',
  })
})
it.each([
  ['a\nb\n', 2],
  ['a\nb', 2],
  ['', 1],
])('says how many lines %j has when asked for one behind its end', async (content, count) => {
  const root = folderWith({ file: content })
  await expect(readFile.call({ path: 'file', from: 5 }, setting(root))).rejects.toMatchObject({
    message: `"file" has only ${count} lines.`,
  })
})
it('refuses a folder', async () => {
  const root = folderWith()
  mkdirSync(join(root, 'folder'))
  await expect(readFile.call({ path: 'folder' }, setting(root))).rejects.toMatchObject({
    message: '"folder" is not a file.',
  })
})
it.each([
  [{}, /path: .*expected string/],
  [{ path: 7 }, /path: .*expected string/],
  [{ path: 'a', from: 0 }, /from: /],
  [{ path: 'a', line: 3 }, /arguments: Unrecognized key: "line"/],
])('tells the model what is wrong with the arguments %j', async (args, problem) => {
  await expect(readFile.call(args, setting(folderWith()))).rejects.toMatchObject({
    code: 'tool-failed',
    message: expect.stringMatching(problem),
  })
})
it('describes its parameters as JSON Schema', () => {
  expect(readFile.parameters).toMatchObject({
    type: 'object',
    required: ['path'],
    properties: { path: { type: 'string' }, from: { type: 'integer', minimum: 1, default: 1 } },
    additionalProperties: false,
  })
})
