import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { listFiles } from '../../src/tools/list-files.ts'
import { patchFile } from '../../src/tools/patch-file.ts'
import { resolveUnder } from '../../src/tools/path.ts'
import { readFile } from '../../src/tools/read-file.ts'
import { openRoots } from '../../src/tools/roots.ts'
import { searchFiles } from '../../src/tools/search-files.ts'
import { writeFile } from '../../src/tools/write-file.ts'
import { folderWith, setting } from './folder.ts'

afterEach(() => vi.unstubAllEnvs())

/** A team's folder with other folders beside it. */
function neighbours() {
  const root = folderWith({ 'page.md': 'ours', 'data/key': 'k' })
  for (const name of ['shared', 'shared/deep', 'other']) {
    mkdirSync(join(root, '..', name))
    writeFileSync(join(root, '..', name, 'page.md'), name)
  }
  return root
}

async function ground(declared: Parameters<typeof openRoots>[0] = ['../shared']) {
  const root = neighbours()
  return { root, roots: await openRoots(declared, root) }
}

describe('declared folders', () => {
  it('are called by the end of their path, or as the file says', async () => {
    const { root, roots } = await ground(['../shared', { name: 'docs', path: '../other' }])
    expect(roots).toEqual([
      { name: 'shared', folder: join(root, '../shared') },
      { name: 'docs', folder: join(root, '../other') },
    ])
  })

  it.each([
    [['../nowhere'], 'does not exist'],
    [['page.md'], 'is not a folder'],
    [['data'], "lies in the team's folder"],
    [['.'], "lies in the team's folder"],
    [['../shared', '../shared/deep'], 'lie one in the other'],
    [['../shared/deep', '../shared'], 'lie one in the other'],
    [['../shared', { name: 'Shared', path: '../other' }], 'has the same name as'],
    [['/'], 'has the name ""'],
  ])('cannot be %j: %s', async (declared, problem) => {
    await expect(ground(declared)).rejects.toMatchObject({
      code: 'definition',
      message: expect.stringContaining(problem),
      details: { hint: expect.any(String) },
    })
  })

  it('cannot lie in what is crew’s own', async () => {
    const root = neighbours()
    vi.stubEnv('CREW_HOME', join(root, '../shared'))
    await expect(openRoots(['../shared/deep'], root)).rejects.toMatchObject({ code: 'definition' })
  })
})

describe('a path in a declared folder', () => {
  it.each([
    ['shared:/page.md', 'shared:/page.md', ['shared:', 'page.md']],
    ['shared:/deep/../page.md', 'shared:/page.md', ['shared:', 'page.md']],
    ['../shared/page.md', 'shared:/page.md', ['shared:', 'page.md']],
    ['shared:/', 'shared:', ['shared:']],
    ['shared:', 'shared:', ['shared:']],
    ['page.md', 'page.md', ['page.md']],
  ])('%s has the one name %s', async (path, shown, parts) => {
    expect(await resolveUnder(await ground(), path)).toMatchObject({ shown, touches: [parts] })
  })

  it.each([
    ['shared:/../other/page.md', 'outside'],
    ['shared:/../../etc/passwd', 'outside'],
    [
      'other:/page.md',
      "no folder that is declared: give a path relative to the team's folder; besides that there is shared:/",
    ],
    ['../other/page.md', "outside of the team's folder and shared:/"],
  ])('%s is refused, because it is %s', async (path, reason) => {
    await expect(resolveUnder(await ground(), path)).rejects.toMatchObject({
      code: 'tool-failed',
      message: expect.stringContaining(reason),
    })
  })

  it('counts by both its names when a link leads there', async () => {
    const place = await ground()
    symlinkSync('../shared', join(place.root, 'link'))
    expect(await resolveUnder(place, 'link/page.md')).toMatchObject({
      shown: 'shared:/page.md',
      touches: [
        ['shared:', 'page.md'],
        ['link', 'page.md'],
      ],
    })
  })

  it('cannot be imitated by a folder of that name', async () => {
    const place = await ground()
    mkdirSync(join(place.root, 'shared:'))
    writeFileSync(join(place.root, 'shared:/page.md'), '')
    for (const path of ['./shared:/page.md', './shared:/new.md'])
      await expect(resolveUnder(place, path)).rejects.toMatchObject({
        message: expect.stringMatching(/rename/),
      })
  })

  it('is named by the innermost folder, where the team lies in a declared one', async () => {
    const place = await ground([{ name: 'all', path: '..' }])
    expect((await resolveUnder(place, 'all:/root/page.md')).shown).toBe('page.md')
    const names = String(await listFiles.call({ path: 'all:' }, setting(place.root, undefined, place)))
    expect(names.split('\n')).toContain('all:/shared/page.md')
    expect(names.split('\n')).toContain('page.md')
    expect(names).not.toContain('all:/root')
  })

  it('is gone with its folder, and nothing else is', async () => {
    const place = await ground()
    rmSync(join(place.root, '../shared'), { recursive: true })
    expect((await resolveUnder(place, 'page.md')).shown).toBe('page.md')
    await expect(resolveUnder(place, 'shared:/page.md')).rejects.toMatchObject({ code: 'tool-failed' })
  })

  it('is read, listed, searched and written by its name', async () => {
    const place = await ground()
    const here = setting(place.root, undefined, place)
    expect(await readFile.call({ path: 'shared:/page.md' }, here)).toBe('shared')
    expect(await listFiles.call({ path: 'shared:', depth: 1 }, here)).toBe('shared:/deep/\nshared:/page.md')
    expect(await listFiles.call({ depth: 1 }, here)).toBe('data/\npage.md\n[Other folders: shared:/]')
    expect(await searchFiles.call({ text: 'deep', path: 'shared:/' }, here)).toBe(
      'shared:/deep/page.md:1: shared/deep',
    )
    expect(await writeFile.call({ path: 'shared:/new/a.md', content: 'a' }, here)).toBe(
      'Created "shared:/new/a.md": 1 byte.',
    )
    expect(await writeFile.plan?.({ path: 'shared:/b.md', content: '' }, place)).toMatchObject({
      touches: [['shared:', 'b.md']],
    })
  })
})

describe('what is crew’s own', () => {
  const home = () => {
    const root = folderWith({ 'home/crew.db': 'events', 'home/work/copy/page.md': 'ours', 'page.md': '' })
    vi.stubEnv('CREW_HOME', join(root, 'home'))
    return root
  }

  it('is neither read, nor listed, nor searched, nor written', async () => {
    const here = setting(home())
    const refused = { code: 'tool-failed', message: expect.stringContaining('belongs to crew itself') }
    await expect(readFile.call({ path: 'home/crew.db' }, here)).rejects.toMatchObject(refused)
    await expect(listFiles.call({ path: 'home' }, here)).rejects.toMatchObject(refused)
    const args = { path: 'home/new/config.json', content: '{}' }
    await expect(writeFile.call(args, here)).rejects.toMatchObject(refused)
    expect(await listFiles.call({ depth: 9 }, here)).toBe('page.md')
    expect(await searchFiles.call({ text: 'ours' }, here)).toBe('[Not found in 1 files.]')
  })

  it('is not reached through a link either', async () => {
    const root = home()
    symlinkSync('home', join(root, 'link'))
    await expect(readFile.call({ path: 'link/crew.db' }, setting(root))).rejects.toMatchObject({
      message: expect.stringContaining('belongs to crew itself'),
    })
  })

  it('does not keep an agent from a copy to work in, nor let it out of that', async () => {
    const here = setting(join(home(), 'home/work/copy'))
    expect(await readFile.call({ path: 'page.md' }, here)).toBe('ours')
    expect(await listFiles.call({}, here)).toBe('page.md')
    await expect(readFile.call({ path: '../../crew.db' }, here)).rejects.toMatchObject({
      code: 'tool-failed',
    })
  })
})

describe('what a rule keeps from an agent', () => {
  const secrets = (): [string, (tool: string, parts: readonly string[]) => boolean] => {
    const root = folderWith({ 'a.md': 'cost', 'secrets/key': 'cost', 'secrets/deep/key': 'cost' })
    symlinkSync('secrets', join(root, 'link'))
    return [root, (tool, [first]) => !(tool === 'read_file' && first === 'secrets')]
  }

  it('is not told by what a change to it would do', async () => {
    const [root, mayTouch] = secrets()
    const edits = [{ find: 'guess', replace: '' }]
    const refused = { message: '"secrets/key" may not be read.' }
    const here = setting(root, undefined, { mayTouch })
    for (const path of ['secrets/key', 'link/key']) {
      await expect(patchFile.call({ path, edits }, here)).rejects.toMatchObject(refused)
      await expect(patchFile.plan?.({ path, edits }, here)).rejects.toMatchObject(refused)
    }
    const none = { root, mayTouch: () => false }
    const touches = [['secrets', 'key']]
    expect(await patchFile.plan?.({ path: 'secrets/key', edits }, none)).toEqual({ touches })
    expect(await writeFile.plan?.({ path: 'secrets/key', content: '' }, none)).toEqual({ touches })
  })

  it('is neither listed nor searched, and that something is missing is said', async () => {
    const [root, mayTouch] = secrets()
    const here = setting(root, undefined, { mayTouch })
    const note = '[Not shown, because it may not be touched: 1 of them.]'
    expect(await listFiles.call({ depth: 9 }, here)).toBe(`a.md\nlink\n${note}`)
    expect(await searchFiles.call({ text: 'cost' }, here)).toBe(`a.md:1: cost\n${note}`)
    for (const path of ['secrets', 'secrets/key', 'link/key'])
      await expect(searchFiles.call({ text: 'cost', path }, here)).rejects.toMatchObject({
        code: 'tool-failed',
      })
  })
})

it.each([
  [readFile, { path: './docs/../page.md' }, [['page.md']]],
  [readFile, { path: 'link.md' }, [['data', 'key'], ['link.md']]],
  [listFiles, {}, [['.']]],
  [listFiles, { path: 'data/' }, [['data']]],
  [searchFiles, { text: 'x', path: 'data/key' }, [['data', 'key']]],
])('%o plans %j as touching %j', async ({ plan, reach }, args, touches) => {
  const root = neighbours()
  mkdirSync(join(root, 'docs'))
  symlinkSync('data/key', join(root, 'link.md'))
  expect(await plan?.(args, { root })).toEqual({ touches })
  expect(reach).toBe('reads')
})
