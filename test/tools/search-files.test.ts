import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { searchFiles } from '../../src/tools/search-files.ts'
import { cpuTime } from '../helpers/cpu.ts'
import { folderWith, setting } from './folder.ts'

const tree = () =>
  folderWith({
    'a.ts': 'const cost = 3\nreturn a.b\n',
    'docs/b.md': 'The cost is $3.\r\nThe Cost rises.\r\n',
    'node_modules/x.js': 'cost',
    'image.png': Buffer.from('cost\0'),
    'large.txt': `cost ${'x'.repeat(1024 ** 2)}`,
  })

it.each([
  ['a word', { text: 'cost' }, ['a.ts:1: const cost = 3', 'docs/b.md:1: The cost is $3.']],
  ['signs as they are written', { text: 'a.b' }, ['a.ts:2: return a.b']],
  ['signs that mean something in an expression', { text: '$3.' }, ['docs/b.md:1: The cost is $3.']],
  [
    'an expression',
    { text: '^(const|The C)', regex: true },
    ['a.ts:1: const cost = 3', 'docs/b.md:2: The Cost rises.'],
  ],
  ['either case', { text: 'COST r', ignoreCase: true }, ['docs/b.md:2: The Cost rises.']],
  ['in one file', { text: 'cost', path: 'a.ts' }, ['a.ts:1: const cost = 3']],
  ['in one folder', { text: 'cost', path: 'docs' }, ['docs/b.md:1: The cost is $3.']],
  ['in files of one kind', { text: 'cost', name: '*.md' }, ['docs/b.md:1: The cost is $3.']],
  ['nothing', { text: 'nowhere' }, ['[Not found in 4 files.]']],
])('finds %s', async (_, args, lines) => {
  expect(await searchFiles.call(args, setting(tree()))).toBe(lines.join('\n'))
})

it('does not look through links', async () => {
  const root = tree()
  writeFileSync(join(root, '../outside.txt'), 'cost of secrets')
  symlinkSync('../outside.txt', join(root, 'link.txt'))
  symlinkSync('..', join(root, 'up'))
  expect(await searchFiles.call({ text: 'secrets' }, setting(root))).toMatch(/Not found/)
})

it('shows 200 lines, each cut, and says that there is more', async () => {
  const root = folderWith({ 'many.txt': `x${'y'.repeat(5000)}\n`.repeat(200), 'more.txt': 'x\n' })
  const lines = String(await searchFiles.call({ text: 'x' }, setting(root))).split('\n')
  expect(lines).toHaveLength(201)
  expect(lines[0]?.length).toBeLessThan(320)
  expect(lines[200]).toMatch(/Only the first 200/)
})

it('explains an expression that cannot be read', async () => {
  await expect(searchFiles.call({ text: '(', regex: true }, setting(tree()))).rejects.toMatchObject({
    code: 'tool-failed',
    message: expect.stringMatching(/RE2/),
  })
})

it.each(['(a+)+$', '(a|aa)+b', '(.*a){25}x', '(a?){200}a{200}b'])('is not held up by %s', async text => {
  const root = folderWith({ 'a.txt': `${'a'.repeat(3000)}!\n`.repeat(50) })
  const before = cpuTime()
  await searchFiles.call({ text, regex: true }, setting(root))
  expect(cpuTime() - before).toBeLessThan(1000)
})
