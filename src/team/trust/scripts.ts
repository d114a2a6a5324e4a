import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'

/** Bytes of a file whose content counts; of a larger one, its size and when it was changed. */
const LARGEST = 10 * 2 ** 20

/**
 * What the files below `root` that a command line names are, by their paths from there: `[node, search.mjs]` names
 * `search.mjs`. What a program reads besides, nobody can know.
 */
export async function filesNamed(root: string, argv: readonly string[]): Promise<Record<string, string>> {
  // `--config=lint.js` names a file as well.
  const names = argv.flatMap(word => [
    word,
    ...(word.includes('=') ? [word.slice(word.indexOf('=') + 1)] : []),
  ])
  const found = await Promise.all([...new Set(names)].map(name => fileAt(root, name)))
  return Object.fromEntries(found.flatMap(file => (file ? [file] : [])))
}

async function fileAt(root: string, name: string): Promise<[path: string, content: string] | undefined> {
  if (name === '' || name.includes('\0')) return undefined
  const path = relative(root, resolve(root, name))
  if (path === '' || path === '..' || /^\.\.[\\/]/.test(path) || isAbsolute(path)) return undefined
  try {
    const real = await realpath(resolve(root, name))
    const file = await stat(real)
    if (!file.isFile()) return undefined
    return [path, file.size > LARGEST ? `${file.size} bytes, ${file.mtimeMs}` : await digest(real)]
  } catch (error) {
    // What is no file is a word; what cannot be read now would be another one when it can.
    if (!(error instanceof Error && 'code' in error)) throw error
    return error.code === 'EACCES' || error.code === 'EPERM' ? [path, 'cannot be read'] : undefined
  }
}

async function digest(path: string): Promise<string> {
  const sha = createHash('sha256')
  for await (const chunk of createReadStream(path)) sha.update(chunk)
  return sha.digest('base64url')
}
