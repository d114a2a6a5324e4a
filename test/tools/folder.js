import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
/** A new folder with these files in it, gone when the test is over; what lies beside it goes too. */
export function folderWith(files = {}) {
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
export function setting(root, signal = new AbortController().signal) {
  return { root, signal }
}
