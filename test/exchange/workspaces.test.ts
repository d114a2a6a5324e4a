import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Workspaces } from '../../src/exchange/workspaces.ts'
import { temporaryFolder } from '../helpers/runs.ts'

const LINES = ['one', 'two', 'three', 'four', 'five', ''].join('\n')

/** A folder with a few files, and a copy of it for ann and for ben. */
async function opened() {
  const root = temporaryFolder()
  mkdirSync(join(root, 'src'))
  writeFileSync(join(root, 'src', 'lines.txt'), LINES)
  writeFileSync(join(root, 'old.txt'), 'old')
  mkdirSync(join(root, '.git'))
  writeFileSync(join(root, '.git', 'HEAD'), 'ref')
  const workspaces = new Workspaces(root, temporaryFolder())
  const names = ['ann', 'ben']
  const copies = await workspaces.open('group', names)
  const path = (who: string, ...rest: string[]) => join(copies[who] ?? '', ...rest)
  const merge = () => workspaces.merge('group', names)
  return { root, workspaces, names, path, merge, copies }
}

describe('working copies', () => {
  it('hold all files but the history, and are made once, however often they are asked for', async () => {
    const { workspaces, path, names, copies } = await opened()
    expect(readFileSync(path('ann', 'src', 'lines.txt'), 'utf8')).toBe(LINES)
    expect(existsSync(path('ann', '.git'))).toBe(false)
    writeFileSync(path('ann', 'mine.txt'), 'mine')
    expect(await workspaces.open('group', names)).toEqual(copies)
    expect(readFileSync(path('ann', 'mine.txt'), 'utf8')).toBe('mine')
  })

  it('come home: new, changed and removed files of each, and different lines of one file together', async () => {
    const { root, workspaces, path, merge } = await opened()
    writeFileSync(path('ann', 'ann.txt'), 'by ann')
    rmSync(path('ben', 'old.txt'))
    writeFileSync(path('ann', 'src', 'lines.txt'), LINES.replace('one', 'ONE'))
    writeFileSync(path('ben', 'src', 'lines.txt'), LINES.replace('five', 'FIVE'))
    const result = await merge()
    expect(result).toEqual({
      taken: { 'ann.txt': 'ann', 'old.txt': 'ben' },
      merged: { 'src/lines.txt': LINES.replace('one', 'ONE').replace('five', 'FIVE') },
      clashes: [],
    })
    await workspaces.apply('group', result)
    await workspaces.apply('group', result)
    expect(readFileSync(join(root, 'ann.txt'), 'utf8')).toBe('by ann')
    expect(existsSync(join(root, 'old.txt'))).toBe(false)
    expect(readFileSync(join(root, 'src', 'lines.txt'), 'utf8')).toContain('ONE\ntwo\nthree\nfour\nFIVE')
  })

  it('come home with a file where a folder was, and a folder where a file was, also when done twice', async () => {
    const { root, workspaces, path, merge } = await opened()
    rmSync(path('ann', 'src'), { recursive: true })
    writeFileSync(path('ann', 'src'), 'a file now')
    rmSync(path('ben', 'old.txt'))
    mkdirSync(path('ben', 'old.txt'))
    writeFileSync(path('ben', 'old.txt', 'new'), 'a folder now')
    const result = await merge()
    await workspaces.apply('group', result)
    await workspaces.apply('group', result)
    expect(readFileSync(join(root, 'src'), 'utf8')).toBe('a file now')
    expect(readFileSync(join(root, 'old.txt', 'new'), 'utf8')).toBe('a folder now')
  })

  it('are refused when one made a file where another made a folder, before anything changes', async () => {
    const { root, workspaces, path, merge } = await opened()
    writeFileSync(path('ann', 'docs'), 'a file')
    writeFileSync(path('ann', 'a.txt'), 'a')
    mkdirSync(path('ben', 'docs'))
    writeFileSync(path('ben', 'docs', 'index.md'), 'a folder')
    await expect(workspaces.apply('group', await merge())).rejects.toMatchObject({ code: 'conflict' })
    expect(existsSync(join(root, 'a.txt'))).toBe(false)
  })

  it.each([
    ['the same line', 'three', 'drei', 'trois'],
    ['a new file each', undefined, 'drei', 'trois'],
  ])('clash when two change %s, and change nothing', async (_, line, ours, theirs) => {
    const { root, path, merge } = await opened()
    const file = line === undefined ? 'new.txt' : 'src/lines.txt'
    const text = (words: string) => (line === undefined ? words : LINES.replace(line, words))
    writeFileSync(path('ann', file), text(ours))
    writeFileSync(path('ben', file), text(theirs))
    expect((await merge()).clashes).toEqual([
      { path: file, versions: { ann: text(ours), ben: text(theirs) } },
    ])
    expect(readFileSync(join(root, 'src', 'lines.txt'), 'utf8')).toBe(LINES)
  })

  it('do not clash when both did the same, and do when one removed what the other changed', async () => {
    const { path, merge } = await opened()
    writeFileSync(path('ann', 'new.txt'), 'same')
    writeFileSync(path('ben', 'new.txt'), 'same')
    rmSync(path('ann', 'old.txt'))
    writeFileSync(path('ben', 'old.txt'), 'changed')
    expect(await merge()).toEqual({
      taken: { 'new.txt': 'ann' },
      merged: {},
      clashes: [{ path: 'old.txt', versions: { ann: null, ben: 'changed' } }],
    })
  })

  it('are refused for a folder that is too large to be copied', async () => {
    const root = temporaryFolder()
    for (let folder = 0; folder < 21; folder += 1) {
      mkdirSync(join(root, String(folder)))
      for (let file = 0; file < 1000; file += 1) writeFileSync(join(root, String(folder), String(file)), '')
    }
    const open = new Workspaces(root, temporaryFolder()).open('group', ['ann'])
    await expect(open).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(/20000 files/) })
  })
})
