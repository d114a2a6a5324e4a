import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Ground } from '../../src/tools/tool.ts'

/** A new folder with these files in it, gone when the test is over; what lies beside it goes too. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const outer = mkdtempSync(join(realpathSync(tmpdir()), 'crew-tools-'))
  onTestFinished(() => rmSync(outer, { recursive: true }))
  const root = join(outer, 'root')
  mkdirSync(root)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  return root
}

/** For tools that touch files and nothing of the run. */
export function setting(root: string, signal = new AbortController().signal, more: Partial<Ground> = {}) {
  const never = () => {
    throw new Error('a tool of files does not do that')
  }
  const ctx = {
    key: '',
    reopened: 0,
    signal,
    step: never,
    next: never,
    waitFor: never,
    hear: never,
    sleep: never,
    emit: never,
  }
  return { ...more, root, ctx, signal, aside: <T>(wait: () => Promise<T>) => wait() }
}
