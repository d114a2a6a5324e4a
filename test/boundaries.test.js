import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from './helpers/runs.ts'

/** What dependency-cruiser says of a tree with the given files in src/, each holding one import. */
function cruise(files) {
  const root = temporaryFolder()
  for (const name of ['.dependency-cruiser.mjs', 'tsconfig.json', 'package.json'])
    cpSync(name, join(root, name))
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, 'src', path, '..'), { recursive: true })
    writeFileSync(join(root, 'src', path), text)
  }
  const depcruise = resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  try {
    return execFileSync(process.execPath, [depcruise, '--config', '.dependency-cruiser.mjs', 'src'], {
      cwd: root,
      encoding: 'utf8',
    })
  } catch (error) {
    return error.stdout
  }
}
const file = 'export const it = 1\n'
const importing = path => `import { it } from '${path}'\nexport const that = it\n`
describe('the import rule', () => {
  it('lets a file import from below and from its own folder', () => {
    const said = cruise({
      'engine/a.ts': importing('./b.ts'),
      'engine/b.ts': importing('../store/c.ts'),
      'store/c.ts': importing('../errors.ts'),
      'errors.ts': file,
    })
    expect(said).toContain('no dependency violations found')
  })
  it.each([
    ['an import that points upward', { 'store/a.ts': importing('../engine/b.ts'), 'engine/b.ts': file }],
    [
      'an upward import of types alone',
      { 'store/a.ts': "export type { T } from '../engine/b.ts'\n", 'engine/b.ts': 'export type T = 1\n' },
    ],
    [
      'an import between folders of one line',
      { 'tools/a.ts': importing('../models/b.ts'), 'models/b.ts': file },
    ],
    ['a base file that imports a folder', { 'clock.ts': importing('./store/b.ts'), 'store/b.ts': file }],
    [
      'a cycle',
      {
        'engine/a.ts': importing('./b.ts'),
        'engine/b.ts': "import { that } from './a.ts'\nexport const it = () => that\n",
      },
    ],
    [
      'SQLite outside of store',
      { 'engine/a.ts': "import Database from 'better-sqlite3'\nexport const it = Database\n" },
    ],
    [
      'a process started outside of spawn',
      { 'tools/a.ts': "import { exec } from 'node:child_process'\nexport const it = exec\n" },
    ],
    ['HTTP outside of fetch', { 'models/a.ts': "import { get } from 'node:http'\nexport const it = get\n" }],
    ['a module that is not there', { 'engine/a.ts': importing('./nowhere.ts') }],
  ])('catches %s', (_, files) => {
    expect(cruise(files)).toMatch(/\d+ dependency violations/)
  })
})
/** Uses of time, randomness and timers, which only the clock may touch. */
function impure(text) {
  const code = text.replace(/\/\*.*?\*\//gs, '').replace(/\/\/.*/g, '')
  return (
    code.match(
      /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bsetTimeout\b|\bsetInterval\b|\bperformance\.now\b|\brandomUUID\b|\brandomBytes\b|\bAbortSignal\.timeout\b/g,
    ) ?? []
  )
}
describe('time and randomness', () => {
  it('come from the clock alone', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(path =>
      /\.tsx?$/.test(path),
    )
    const guilty = files
      .filter(path => path !== 'clock.ts')
      .flatMap(path => {
        const found = impure(readFileSync(join('src', path), 'utf8'))
        return found.length > 0 ? [`${path}: ${found.join(', ')}`] : []
      })
    expect(guilty).toEqual([])
  })
  it.each(['const a = Date.now()', 'setTimeout(f, 1)', 'const id = randomUUID()', 'return Math.random()'])(
    'are found in: %s',
    code => {
      expect(impure(code)).toHaveLength(1)
    },
  )
})
