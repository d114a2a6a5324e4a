import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const libraries = new Map<string, string>()

/** A library of C in test/fixtures, compiled when it is first asked for; undefined where there is nothing to do that with. */
export function preloadable(source: string): string | undefined {
  const known = libraries.get(source)
  if (known !== undefined || process.platform !== 'linux') return known
  const folder = mkdtempSync(join(tmpdir(), 'crew-preload-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'library.so')
  const { error, status, stderr } = spawnSync(
    'cc',
    ['-shared', '-fPIC', '-O1', '-o', path, resolve('test/fixtures', source), '-ldl', '-lpthread'],
    { encoding: 'utf8' },
  )
  if (status !== 0) {
    console.warn(
      `${source} is not simulated here: cc ${error ? `is missing (${error.message})` : `says ${stderr}`}`,
    )
    return undefined
  }
  libraries.set(source, path)
  return path
}
