import { readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Edit, edit } from '../../src/tools/edits.ts'
import { patchFile } from '../../src/tools/patch-file.ts'
import { cpuTime } from '../helpers/cpu.ts'
import { folderWith, setting } from './folder.ts'

type Pair = readonly [find: string, replace: string]

async function patch(content: string | Uint8Array, ...pairs: readonly Pair[]) {
  const root = folderWith({ 'a.txt': content })
  const args = { path: 'a.txt', edits: pairs.map(([find, replace]) => ({ find, replace })) }
  const told = await patchFile.call(args, setting(root)).catch(error => error)
  const planned = await patchFile.plan?.(args, { root }).catch(error => error)
  return { told, planned, text: readFileSync(join(root, 'a.txt'), 'utf8'), root, args }
}

const edits = (...pairs: readonly Pair[]): Edit[] => pairs.map(([find, replace]) => ({ find, replace }))

describe('a patch', () => {
  it('replaces each piece where it stands, in whatever order they are given', async () => {
    const { told, text } = await patch('one\ntwo\nthree\n', ['three', '3'], ['one', '1'])
    expect(told).toBe('Changed "a.txt" in 2 places: 8 bytes, 14 before.')
    expect(text).toBe('1\ntwo\n3\n')
  })

  it('shows the difference before anything happens', async () => {
    const root = folderWith({ 'a.txt': 'one\ntwo\n' })
    const args = { path: './a.txt', edits: edits(['two', '2']) as never }
    expect(await patchFile.plan?.(args, { root })).toEqual({
      touches: [['a.txt']],
      preview: '--- a.txt\n+++ a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n',
    })
    expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('one\ntwo\n')
  })

  it.each<[string, string, Pair[], RegExp]>([
    ['is not there', 'one\n', [['two', '2']], /"two" is not there: read the file/],
    ['is there twice', 'x\ny\nx\n', [['x', 'z']], /"x" is there 2 times \(lines 1, 3\): name more/],
    ['is there in pieces that overlap', 'aaa', [['aa', 'b']], /is there 2 times/],
    ['differs in white space', 'if (a) {\n\treturn\n', [['  return\n', 'b']], /line 2 begins like it/],
    [
      'overlaps with another one',
      'abc',
      [
        ['ab', '1'],
        ['bc', '2'],
      ],
      /edits 1 and 2 overlap/,
    ],
    [
      'is wrong in one of two',
      'one two',
      [
        ['one', '1'],
        ['three', '3'],
      ],
      /edit 2: "three" is not there/,
    ],
    ['would be made twice by two calls', 'aab', [['ab', 'b']], /made twice/],
    ['is there very often', 'x'.repeat(5000), [['x', 'y']], /100 times and more \(lines 1, .*…\)/],
  ])('that %s changes nothing, and the model hears how to mend it', async (_, content, pairs, problem) => {
    const { told, planned, text } = await patch(content, ...pairs)
    expect(told).toMatchObject({ code: 'tool-failed', message: expect.stringMatching(problem) })
    expect(planned).toMatchObject({ code: 'tool-failed' })
    expect(text).toBe(content)
  })

  it.each<[string, string, Pair[], string]>([
    ['keeps lines that end in CRLF', 'a\r\nb\r\nc\r\n', [['a\nb', 'a\nx\nb']], 'a\r\nx\r\nb\r\nc\r\n'],
    ['brings none in', 'a\nb\n', [['a\r\nb', 'a\r\nx']], 'a\nx\n'],
    ['takes mixed lines as they are', 'a\r\nb\nc', [['b\nc', 'd\ne']], 'a\r\nd\ne'],
    ['keeps a mark of byte order', '\ufeffa', [['a', 'b']], '\ufeffb'],
    ['takes nothing for a pattern', 'a.b $1', [['.', '$&$`']], 'a$&$`b $1'],
    ['takes text out', 'a b c', [[' b', '']], 'a c'],
  ])('%s', async (_, content, pairs, text) => {
    expect((await patch(content, ...pairs)).text).toBe(text)
  })

  it.each<[string, Pair[]]>([
    ['one two', [['two', '2']]],
    ['import x\n', [['import x', 'import x\nimport y']]],
    [
      'a b',
      [
        ['a', 'c'],
        ['b', 'd'],
      ],
    ],
  ])('of %j that is made again by somebody who was interrupted does nothing', async (content, pairs) => {
    const { text, root, args } = await patch(content, ...pairs)
    const { mtimeNs } = statSync(join(root, 'a.txt'), { bigint: true })
    expect(await patchFile.call(args, setting(root))).toMatch(
      /was not changed: .* stands there already \(line 1/,
    )
    expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe(text)
    expect(statSync(join(root, 'a.txt'), { bigint: true }).mtimeNs).toBe(mtimeNs)
  })

  it('never changes its own result, whatever it is', () => {
    const piece = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r\n'), minLength: 1, maxLength: 4 })
    const pairs = fc.array(fc.record({ find: piece, replace: fc.oneof(piece, fc.constant('')) }), {
      minLength: 1,
      maxLength: 3,
    })
    let changed = 0
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r\n'), maxLength: 12 }),
        pairs,
        (text, all) => {
          const once = edit(text, all)
          if (once.kind !== 'changed') return
          changed += 1
          const twice = edit(once.text, all)
          expect(twice.kind === 'changed' ? twice.text : once.text).toBe(once.text)
        },
      ),
      { numRuns: 1500 },
    )
    expect(changed).toBeGreaterThan(30)
  })

  it('is not lost when several are made at once', async () => {
    const root = folderWith({ 'a.txt': Array.from({ length: 20 }, (_, at) => `<${at}>`).join('\n') })
    const results = Array.from({ length: 20 }, (_, at) =>
      patchFile.call({ path: 'a.txt', edits: edits([`<${at}>`, `done ${at}.`]) as never }, setting(root)),
    )
    expect(await Promise.all(results)).toHaveLength(20)
    expect(readFileSync(join(root, 'a.txt'), 'utf8')).not.toContain('<')
  })

  it('is not held up by texts that are made to be slow', () => {
    const before = cpuTime()
    const text = 'a'.repeat(1024 ** 2)
    const slow = `b${'a'.repeat(19_999)}`
    expect(edit(text, edits(...Array.from({ length: 100 }, (): Pair => [slow, slow])))).toMatchObject({
      kind: 'failed',
    })
    expect(edit(text, edits(['a'.repeat(20_000), 'x']))).toMatchObject({ kind: 'failed' })
    expect(cpuTime() - before).toBeLessThan(2000)
  })
})

describe('a file to patch', () => {
  it.each([
    ['nothing.txt', /does not exist: make it with write_file/],
    ['image', /is not a text file/],
    ['latin', /is not a text file/],
    ['large', /is larger than 1 MiB/],
    ['folder', /is a folder/],
    ['link', /is a link: write the file that it leads to, "text"/],
    ['../outside', /outside/],
  ])('cannot be %s', async (path, problem) => {
    const root = folderWith({
      image: Buffer.from('a\0'),
      latin: Buffer.from([0xe4, 0x61]),
      large: 'a'.repeat(1024 ** 2 + 1),
      'folder/file': '',
      text: 'a',
    })
    symlinkSync('text', join(root, 'link'))
    const args = { path, edits: edits(['a', 'b']) as never }
    const refused = { code: 'tool-failed', message: expect.stringMatching(problem) }
    await expect(patchFile.call(args, setting(root))).rejects.toMatchObject(refused)
    await expect(patchFile.plan?.(args, { root })).rejects.toMatchObject(refused)
  })

  it('cannot grow beyond what can be read again', async () => {
    const { told, text } = await patch(`a${'b'.repeat(1024 ** 2 - 1)}`, ['ab', 'abc'])
    expect(told).toMatchObject({ message: expect.stringContaining('would be larger than 1 MiB') })
    expect(text).toHaveLength(1024 ** 2)
  })
})
