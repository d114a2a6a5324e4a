import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { listFiles } from '../../src/tools/list-files.ts'
import { folderWith, setting } from './folder.ts'

const tree = () =>
  folderWith({
    'b.ts': '',
    'a.md': '',
    'src/index.ts': '',
    'src/deep/down/under.ts': '',
    'node_modules/x/index.js': '',
    '.git/config': '',
    '.env.example': '',
  })
it.each([
  ['two levels by default', {}, ['.env.example', 'a.md', 'b.ts', 'src/', 'src/deep/', 'src/index.ts']],
  ['one level', { depth: 1 }, ['.env.example', 'a.md', 'b.ts', 'src/']],
  [
    'a folder of its own',
    { path: 'src', depth: 9 },
    ['src/deep/', 'src/deep/down/', 'src/deep/down/under.ts', 'src/index.ts'],
  ],
  ['only some names', { depth: 9, name: '*.ts' }, ['b.ts', 'src/deep/down/under.ts', 'src/index.ts']],
  ['names by length', { name: '?.md' }, ['a.md']],
  ['names as they are written', { name: '(a|b).*' }, ['[Nothing like that is in ".".]']],
])('lists %s', async (_, args, names) => {
  expect(await listFiles.call(args, setting(tree()))).toBe(names.join('\n'))
})
it('names links but does not follow them', async () => {
  const root = tree()
  symlinkSync('/', join(root, 'everything'))
  symlinkSync('.', join(root, 'src/circle'))
  const names = String(await listFiles.call({ depth: 20 }, setting(root))).split('\n')
  expect(names).toContain('everything')
  expect(names).toContain('src/circle')
  expect(names.filter(name => /(everything|circle)\//.test(name))).toEqual([])
})
it('stops after 1000 names and says so', async () => {
  const root = folderWith(Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [`file-${at}`, ''])))
  const lines = String(await listFiles.call({}, setting(root))).split('\n')
  expect(lines).toHaveLength(1001)
  expect(lines.at(-1)).toMatch(/There is more than these 1000/)
})
it.each([
  ['b.ts', 'not a folder'],
  ['..', 'outside'],
  ['nothing', 'does not exist'],
])('refuses %s', async (path, reason) => {
  await expect(listFiles.call({ path }, setting(tree()))).rejects.toMatchObject({
    code: 'tool-failed',
    message: expect.stringContaining(reason),
  })
})
it('stops when it is cancelled', async () => {
  const signal = AbortSignal.abort(new Error('no longer wanted'))
  await expect(listFiles.call({}, setting(tree(), signal))).rejects.toThrow('no longer wanted')
})
