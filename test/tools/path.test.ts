import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { resolveUnder, withFile } from '../../src/tools/path.ts'
import { folderWith } from './folder.ts'

/** A root with a secret beside it and links of every kind. */
function fortress() {
  const root = folderWith({ 'docs/page.md': 'page' })
  const outside = join(root, '..', 'secrets')
  mkdirSync(outside)
  writeFileSync(join(outside, 'key'), 'secret')
  mkdirSync(`${root}-twin`)
  symlinkSync(outside, join(root, 'link-to-folder'))
  symlinkSync(join(outside, 'key'), join(root, 'link-to-file'))
  symlinkSync('../secrets/key', join(root, 'relative-link'))
  symlinkSync('/', join(root, 'link-to-everything'))
  symlinkSync('link-to-folder', join(root, 'link-to-link'))
  symlinkSync('docs/page.md', join(root, 'good-link'))
  symlinkSync('circle', join(root, 'circle'))
  symlinkSync('nowhere', join(root, 'broken'))
  return { root, outside }
}

describe('a path', () => {
  it.each([
    ['docs/page.md', 'docs/page.md'],
    ['./docs/../docs//page.md', 'docs/page.md'],
    ['good-link', 'docs/page.md'],
    ['.', '.'],
  ])('%s leads to %s', async (path, shown) => {
    const { root } = fortress()
    expect(await resolveUnder({ root }, path)).toMatchObject({ shown, real: join(root, shown) })
  })

  it.each([
    ['..', 'outside'],
    ['../secrets/key', 'outside'],
    ['docs/../../secrets/key', 'outside'],
    ['../root-twin', 'outside'],
    ['../ROOT/docs/page.md', 'outside'],
    ['/etc/passwd', 'absolute'],
    ['link-to-folder/key', 'outside'],
    ['link-to-file', 'outside'],
    ['relative-link', 'outside'],
    ['link-to-everything/etc/passwd', 'outside'],
    ['link-to-link/key', 'outside'],
    ['docs/page.md\0.png', 'NUL'],
    ['nothing', 'does not exist'],
    ['broken', 'does not exist'],
    ['docs/page.md/deeper', 'does not exist'],
    ['circle', 'leads nowhere'],
    ['a/'.repeat(10_000), 'too long'],
    ['shared:/page.md', 'no folder that is declared'],
    ['file:///etc/passwd', 'no folder that is declared'],
    ['C:\\Windows', 'no folder that is declared'],
    ['x'.repeat(5000), 'too long'],
  ])('%j is refused, because it is %s', async (path, reason) => {
    const { root } = fortress()
    await expect(resolveUnder({ root }, path)).rejects.toMatchObject({
      code: 'tool-failed',
      message: expect.stringContaining(reason),
    })
  })

  it('may not be absolute even when it leads into the root', async () => {
    const { root } = fortress()
    await expect(resolveUnder({ root }, join(root, 'docs'))).rejects.toMatchObject({ code: 'tool-failed' })
  })

  it('is judged by where the root really is', async () => {
    const { root } = fortress()
    const alias = `${root}-alias`
    symlinkSync(root, alias)
    expect((await resolveUnder({ root: alias }, 'docs/page.md')).real).toBe(join(root, 'docs/page.md'))
  })
})

describe('opening', () => {
  const read = (file: { readFile(encoding: 'utf8'): Promise<string> }) => file.readFile('utf8')

  it('gives the file that was found', async () => {
    const { root } = fortress()
    expect(await withFile(await resolveUnder({ root }, 'docs/page.md'), read)).toBe('page')
  })

  it('refuses a file that became a link in the meantime', async () => {
    const { root, outside } = fortress()
    const place = await resolveUnder({ root }, 'docs/page.md')
    rmSync(place.real)
    symlinkSync(join(outside, 'key'), place.real)
    await expect(withFile(place, read)).rejects.toMatchObject({ code: 'tool-failed' })
  })

  it('refuses a file whose folder became a link in the meantime', async () => {
    const { root, outside } = fortress()
    writeFileSync(join(outside, 'page.md'), 'secret')
    const place = await resolveUnder({ root }, 'docs/page.md')
    renameSync(join(root, 'docs'), join(root, 'old'))
    symlinkSync(outside, join(root, 'docs'))
    await expect(withFile(place, read)).rejects.toMatchObject({
      message: expect.stringContaining('replaced'),
    })
  })

  it('refuses a pipe at once instead of waiting for a writer', async () => {
    const { root } = fortress()
    execFileSync('mkfifo', [join(root, 'pipe')])
    await expect(withFile(await resolveUnder({ root }, 'pipe'), read)).rejects.toMatchObject({
      message: '"pipe" is not a file.',
    })
  })
})
