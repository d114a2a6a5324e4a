import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { CrewError } from './errors.ts'

/**
 * Has `write` fill a file that is there as a whole in the end, or not at all, whatever happens meanwhile; only its owner may
 * read it. Nothing is put in place when `write` gives false. Throws `usage` when it is there already, unless it may be
 * replaced.
 */
export async function writeWhole(
  file: string,
  { replaces }: { readonly replaces: boolean },
  write: (draft: string) => Promise<unknown>,
): Promise<void> {
  if (!replaces && existsSync(file)) throw taken(file)
  const draft = `${file}.${process.pid}.part`
  try {
    writeFileSync(draft, '', { mode: 0o600 })
    if ((await write(draft)) === false) return
    persist(draft)
    if (replaces) renameSync(draft, file)
    else place(draft, file)
    persist(dirname(file))
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Never over what somebody else has written meanwhile. */
function place(draft: string, file: string): void {
  try {
    linkSync(draft, file)
  } catch {
    if (existsSync(file)) throw taken(file)
    // A filesystem without links.
    renameSync(draft, file)
  }
}

function taken(file: string): CrewError {
  return new CrewError('usage', `${file} is there already`, {
    hint: 'name another file, or replace it with --force',
  })
}

function persist(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
