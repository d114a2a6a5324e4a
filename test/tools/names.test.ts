import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Disk, flawOf, inLine, lookalikeOf, quoted, spellingOf } from '../../src/tools/names.ts'
import { folderWith } from './folder.ts'

describe('a name in a text', () => {
  it.each([
    ['page.md', 'page.md'],
    ['two words', 'two words'],
    ['a\nb', '"a\\nb"'],
    ['\u001b[2J', '"\\u001b[2J"'],
    ['gpj.\u202eexe', '"gpj.\\u202eexe"'],
    ['tag\u{e0041}', '"tag\\udb40\\udc41"'],
  ])('%j stands there as %s', (name, shown) => {
    expect(inLine(name)).toBe(shown)
  })

  it('is cut when it is repeated in a message', () => {
    expect(quoted('x'.repeat(9000))).toHaveLength(303)
  })
})

it.each([
  ['page.md', 'linux', undefined],
  ['a\nb', 'linux', 'has characters that cannot be seen'],
  ['ä'.repeat(128), 'linux', 'is longer than 255 bytes'],
  ['aux.md', 'linux', undefined],
  ['aux.md', 'win32', 'is no name for a file on Windows'],
  ['end.', 'win32', 'is no name for a file on Windows'],
  ['page.md:stream', 'win32', 'is no name for a file on Windows'],
])('a new file %j on %s has this flaw: %s', (name, platform, flaw) => {
  expect(flawOf(name, platform)).toBe(flaw)
})

/** A disk that finds a name by either case, as those of Windows and macOS do. */
function carelessDisk(folder: string): Disk {
  return {
    async lstat(path) {
      const wanted = path.slice(folder.length + 1).toLowerCase()
      const name = readdirSync(folder).find(other => other.toLowerCase() === wanted)
      return lstatSync(join(folder, name ?? wanted), { bigint: true })
    },
    readdir: async path => readdirSync(path),
  }
}

describe('the spelling of the disk', () => {
  it('holds where the disk does not tell one case from the other', async () => {
    const folder = folderWith({ '.env': '', Größe: '' })
    const disk = carelessDisk(folder)
    expect(await spellingOf(folder, '.ENV', disk)).toBe('.env')
    expect(await spellingOf(folder, '.env', disk)).toBe('.env')
    expect(await spellingOf(folder, 'GRÖßE', disk)).toBe('Größe')
  })

  it('does not take one file for another where the disk tells them apart', async () => {
    const folder = folderWith({ '.env': '', '.ENV': '' })
    expect(await spellingOf(folder, '.ENV')).toBe('.ENV')
    expect(await spellingOf(folder, '.env')).toBe('.env')
  })

  it('finds the one name that only has its accents written in another way', async () => {
    const folder = folderWith()
    const [composed, decomposed] = ['é'.normalize('NFC'), 'é'.normalize('NFD')]
    mkdirSync(join(folder, 'both'))
    for (const name of [decomposed, `both/${composed}`, `both/${decomposed}`])
      writeFileSync(join(folder, name), '')
    expect(await lookalikeOf(folder, composed)).toBe(decomposed)
    expect(await lookalikeOf(join(folder, 'both'), composed)).toBeUndefined()
    expect(await lookalikeOf(folder, 'e')).toBeUndefined()
  })
})
