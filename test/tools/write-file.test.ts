import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { type FileHandle, open, rename, symlink, unlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { findTarget } from '../../src/tools/target.ts'
import { writeFile } from '../../src/tools/write-file.ts'
import { writeWhole } from '../../src/tools/write-whole.ts'
import { cpuTime } from '../helpers/cpu.ts'
import { folderWith, setting } from './folder.ts'

afterEach(() => vi.restoreAllMocks())

const write = (root: string, path: string, content = 'new', mode?: 'replace') =>
  writeFile.call({ path, content, ...(mode && { mode }) }, setting(root))
const plan = (root: string, path: string, content = 'new', mode?: 'replace') =>
  writeFile.plan?.({ path, content, ...(mode && { mode }) }, { root })
const read = (root: string, path: string) => readFileSync(join(root, path), 'utf8')

/** All that lies in a folder, temporary files too. */
const all = (root: string) => readdirSync(root, { recursive: true }).map(String).sort()

describe('writing a file', () => {
  it('makes a new one with the folders that it needs', async () => {
    const root = folderWith()
    expect(await write(root, 'a/b/c.md', 'ä\n')).toBe('Created "a/b/c.md": 3 bytes.')
    expect(read(root, 'a/b/c.md')).toBe('ä\n')
    expect(all(root)).toEqual(['a', 'a/b', 'a/b/c.md'])
  })

  it('replaces one only when that is asked for', async () => {
    const root = folderWith({ 'a.md': 'old text' })
    const refused = {
      code: 'tool-failed',
      message: expect.stringMatching(/exists already.*patch_file.*replace/),
    }
    await expect(write(root, 'a.md')).rejects.toMatchObject(refused)
    await expect(plan(root, 'a.md')).rejects.toMatchObject(refused)
    expect(read(root, 'a.md')).toBe('old text')
    expect(await write(root, 'a.md', 'new', 'replace')).toBe('Replaced "a.md": 3 bytes, 8 bytes before.')
    expect(read(root, 'a.md')).toBe('new')
    expect(all(root)).toEqual(['a.md'])
  })

  it('keeps the mode of what it replaces', async () => {
    const root = folderWith({ 'run.sh': 'old' })
    chmodSync(join(root, 'run.sh'), 0o750)
    await write(root, 'run.sh', 'new', 'replace')
    expect(statSync(join(root, 'run.sh')).mode & 0o777).toBe(0o750)
  })

  it('can be done again after an interruption, and then does nothing', async () => {
    const root = folderWith()
    await write(root, 'a.md')
    const { ino } = statSync(join(root, 'a.md'))
    expect(await plan(root, 'a.md')).toMatchObject({ preview: 'a.md has this content already.' })
    expect(await write(root, 'a.md')).toBe('"a.md" has exactly this content (3 bytes).')
    expect(await write(root, 'a.md', 'new', 'replace')).toBe('"a.md" has exactly this content (3 bytes).')
    expect(statSync(join(root, 'a.md')).ino).toBe(ino)
  })

  it('writes empty files, files of 1 MiB, and none that are larger', async () => {
    const root = folderWith()
    expect(await write(root, 'empty', '')).toBe('Created "empty": 0 bytes.')
    expect(await write(root, 'large', 'x'.repeat(1024 ** 2))).toBe('Created "large": 1048576 bytes.')
    const refused = { code: 'tool-failed', message: expect.stringContaining('1 MiB is the most') }
    await expect(write(root, 'larger', 'ä'.repeat(1024 ** 2 / 2 + 1))).rejects.toMatchObject(refused)
    await expect(plan(root, 'larger', 'x'.repeat(1024 ** 2 + 1))).rejects.toMatchObject(refused)
    expect(existsSync(join(root, 'larger'))).toBe(false)
  })

  it('does not act any more once nobody waits for it', async () => {
    const root = folderWith()
    const signal = AbortSignal.abort(new Error('no longer wanted'))
    await expect(writeFile.call({ path: 'a.md', content: 'a' }, setting(root, signal))).rejects.toThrow(
      'no longer',
    )
    const target = await findTarget({ root }, 'a.md')
    await expect(writeWhole(target, Buffer.from('a'), signal)).rejects.toThrow('no longer')
    expect(all(root)).toEqual([])
  })
})

describe('a path to write', () => {
  const folder = () => {
    const root = folderWith({ 'docs/page.md': 'page', 'secrets/key': 'key' })
    mkdirSync(join(root, '../outside'))
    writeFileSync(join(root, '../outside/file'), 'untouched')
    symlinkSync('../outside', join(root, 'way-out'))
    symlinkSync('../outside/file', join(root, 'file-outside'))
    symlinkSync('../outside/new', join(root, 'new-outside'))
    symlinkSync('docs/page.md', join(root, 'link'))
    symlinkSync('secrets', join(root, 'alias'))
    return root
  }

  it.each([
    ['../outside/new', 'outside'],
    ['docs/../../outside/new', 'outside'],
    ['/tmp/new', 'absolute'],
    ['way-out/new', 'outside'],
    ['way-out/new/deeper', 'outside'],
    ['file-outside', 'outside'],
    ['new-outside', 'does not exist'],
    ['link', 'is a link: write the file that it leads to, "docs/page.md"'],
    ['docs/../link', 'is a link'],
    ['docs', 'is a folder'],
    ['.', 'is the name of a folder'],
    ['new/', 'is the name of a folder'],
    ['docs/..', 'is the name of a folder'],
    ['docs/page.md/new', 'does not exist: a part of the path is not a folder'],
    ['new\0.md', 'NUL'],
    ['new\n.md', 'has characters that cannot be seen'],
    ['a/\u202egpj.md', 'has characters that cannot be seen'],
    ['ä'.repeat(200), 'too long'],
    [`new/${'ä'.repeat(200)}`, 'is longer than 255 bytes'],
    ['a/'.repeat(10_000), 'is the name of a folder'],
    [`${'a/'.repeat(10_000)}b`, 'too long'],
    [`${'a/'.repeat(30)}b`, 'more than 20 new folders'],
  ])('%j is refused before anything happens: it %s', async (path, reason) => {
    const root = folder()
    const before = all(join(root, '..'))
    const refused = { code: 'tool-failed', message: expect.stringContaining(reason) }
    await expect(plan(root, path, 'evil', 'replace')).rejects.toMatchObject(refused)
    await expect(write(root, path, 'evil', 'replace')).rejects.toMatchObject(refused)
    expect(all(join(root, '..'))).toEqual(before)
    expect(read(root, '../outside/file')).toBe('untouched')
    expect(read(root, 'docs/page.md')).toBe('page')
  })

  it.each([
    ['docs/page.md', [['docs', 'page.md']]],
    ['./docs/.././docs/new/a.md', [['docs', 'new', 'a.md']]],
    [
      'alias/key',
      [
        ['secrets', 'key'],
        ['alias', 'key'],
      ],
    ],
    [
      'alias/new/a.md',
      [
        ['secrets', 'new', 'a.md'],
        ['alias', 'new', 'a.md'],
      ],
    ],
  ])('%s touches %j', async (path, touches) => {
    expect(await plan(folder(), path, 'new', 'replace')).toMatchObject({ touches })
  })

  it('leads to no pipe, no socket, no device and no read-only file', async () => {
    const root = folderWith({ locked: 'old' })
    execFileSync('mkfifo', [join(root, 'pipe')])
    const server = createServer().listen(join(root, 'socket'))
    onTestFinished(() => void server.close())
    await new Promise(resolve => server.once('listening', resolve))
    chmodSync(join(root, 'locked'), 0o444)
    for (const path of ['pipe', 'socket'])
      await expect(write(root, path, 'x', 'replace')).rejects.toMatchObject({
        message: `"${path}" is a device, a pipe or a socket, and no file.`,
      })
    await expect(write(root, 'locked', 'x', 'replace')).rejects.toMatchObject({
      message: '"locked" is read-only for crew, and stays as it is.',
    })
    expect(lstatSync(join(root, 'pipe')).isFIFO()).toBe(true)
  })

  it('may be written with accents in either way, and is the same file', async () => {
    const root = folderWith({ ['é.md'.normalize('NFD')]: 'old' })
    await write(root, 'é.md'.normalize('NFC'), 'new', 'replace')
    expect(all(root)).toEqual(['é.md'.normalize('NFD')])
  })
})

describe('what a person is shown before', () => {
  it('is the content of a new file', async () => {
    expect(await plan(folderWith(), 'a.md', 'one\ntwo\n')).toEqual({
      touches: [['a.md']],
      preview: 'New file a.md:\none\ntwo\n',
    })
  })

  it('is the difference to what is there', async () => {
    const root = folderWith({ 'a.md': 'one\ntwo\nthree\n' })
    const planned = await plan(root, 'a.md', 'one\n2\nthree\n', 'replace')
    expect(planned?.preview).toBe('--- a.md\n+++ a.md\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n')
  })

  it('is cut, and says how much more there is', async () => {
    const planned = await plan(folderWith(), 'a.md', 'line\n'.repeat(1000))
    expect(planned?.preview?.split('\n')).toHaveLength(202)
    expect(planned?.preview).toMatch(/\[… 801 more lines, \d+ more characters\]$/)
    const wide = await plan(folderWith(), 'a.md', 'x'.repeat(100_000))
    expect(wide?.preview?.length).toBeLessThan(16_200)
  })

  it('is found in no time, however much changes', async () => {
    const lines = (what: string) => Array.from({ length: 60_000 }, (_, at) => `${what} ${at}\n`).join('')
    const root = folderWith({ 'a.md': lines('old'), image: Buffer.from([0, 1, 2]) })
    const start = cpuTime()
    const planned = await plan(root, 'a.md', lines('new'), 'replace')
    expect(cpuTime() - start).toBeLessThan(2000)
    expect(planned?.preview).toMatch(/^a\.md becomes another text altogether:\nnew 0\n/)
    expect((await plan(root, 'image', 'text', 'replace'))?.preview).toMatch(
      /^Replaces 3 bytes that are no text\./,
    )
  })
})

describe('bad luck', () => {
  async function failing(method: 'writeFile' | 'sync', code: string) {
    const handle = await open('.')
    await handle.close()
    const error = Object.assign(new Error(code), { code, syscall: 'write' })
    const prototype = Object.getPrototypeOf(handle) as FileHandle
    vi.spyOn(prototype, method).mockRejectedValueOnce(error)
  }

  it.each([
    ['writeFile', 'ENOSPC', 'the disk is full'],
    ['sync', 'EDQUOT', 'the disk has no more room for this user'],
    ['writeFile', 'EIO', 'EIO'],
  ] as const)(
    '%s fails with %s: the file stays as it was, and nothing is left behind',
    async (method, code, why) => {
      const root = folderWith({ 'a.md': 'old' })
      await failing(method, code)
      await expect(write(root, 'a.md', 'new', 'replace')).rejects.toMatchObject({
        code: 'tool-failed',
        message: `"a.md" was not written: ${why}.`,
      })
      expect(read(root, 'a.md')).toBe('old')
      expect(all(root)).toEqual(['a.md'])
    },
  )

  it('a file that somebody changes in the meantime is not overwritten', async () => {
    const root = folderWith({ 'a.md': 'old' })
    const { signal } = new AbortController()
    const target = await findTarget({ root }, 'a.md')
    const absent = await findTarget({ root }, 'b.md')
    writeFileSync(join(root, 'a.md'), 'theirs')
    writeFileSync(join(root, 'b.md'), 'theirs')
    for (const one of [target, absent])
      await expect(writeWhole(one, Buffer.from('ours'), signal)).rejects.toMatchObject({
        message: expect.stringMatching(/was (changed|made) by somebody else in the meantime/),
      })
    expect([read(root, 'a.md'), read(root, 'b.md')]).toEqual(['theirs', 'theirs'])
    expect(all(root)).toEqual(['a.md', 'b.md'])
  })

  it.each([
    ['as it is held', undefined],
    ['as its path is looked at again, where a folder cannot be held', '/nowhere'],
  ])('a folder that becomes a link before the write is noticed, %s', async (_, descriptors) => {
    const root = folderWith({ 'docs/a.md': 'old' })
    mkdirSync(join(root, '../outside'))
    const { signal } = new AbortController()
    const targets = [await findTarget({ root }, 'docs/new.md'), await findTarget({ root }, 'docs/b/new.md')]
    await writeWhole(await findTarget({ root }, 'docs/c/ok.md'), Buffer.from('ok'), signal, descriptors)
    await rename(join(root, 'docs'), join(root, 'moved'))
    await symlink('../outside', join(root, 'docs'))
    for (const target of targets)
      await expect(writeWhole(target, Buffer.from('x'), signal, descriptors)).rejects.toMatchObject({
        code: 'tool-failed',
      })
    expect(all(join(root, '../outside'))).toEqual([])
    expect(all(join(root, 'moved'))).toEqual(['a.md', 'c', 'c/ok.md'])
  })

  it('somebody who swaps the folder for a link all the time gets nothing out', async () => {
    const root = folderWith({ 'docs/keep': '' })
    const outside = join(root, '../outside')
    mkdirSync(outside)
    let isOver = false
    let swaps = 0
    const ignore = () => {}
    const docs = join(root, 'docs')
    const attacker = (async () => {
      for (; !isOver; swaps += 1) {
        // Where a writer makes the folder anew in between, the old one stays aside.
        await rename(docs, `${docs}-${swaps}`).catch(ignore)
        await symlink('../outside', docs).catch(ignore)
        await unlink(docs).catch(ignore)
        await rename(`${docs}-${swaps}`, docs).catch(ignore)
        await pause(swaps % 4)
      }
    })()
    const outcomes: PromiseSettledResult<unknown>[] = []
    try {
      for (let number = 0; number < 150; number += 1)
        outcomes.push(...(await Promise.allSettled([write(root, `docs/sub-${number % 5}/${number}.md`)])))
    } finally {
      isOver = true
      await attacker
    }
    const reasons = outcomes.flatMap(one => (one.status === 'rejected' ? one.reason.code : []))
    expect(new Set(reasons)).toEqual(new Set(['tool-failed']))
    expect(reasons.length).toBeLessThan(outcomes.length)
    expect(swaps).toBeGreaterThan(20)
    expect(all(outside)).toEqual([])
    expect(all(root).filter(name => name.includes('.crew-'))).toEqual([])
  })
})
