import { constants } from 'node:fs'
import { cp, lstat, mkdir, readdir, readFile, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { CrewError } from '../errors.ts'
import { hash } from '../json.ts'
import { decodeText } from '../plain-text.ts'

/** A file that several changed in ways that do not go together; null: the file is gone, or is no text. */
export interface Clash {
  readonly path: string
  readonly versions: Readonly<Record<string, string | null>>
}

/** What becomes of a folder when what was done to its copies is put together. */
export interface Merge {
  /** Files that only some changed, or all alike, or in different places: by path, who has the version that counts. */
  readonly taken: Readonly<Record<string, string>>
  /** Text files that were put together line by line. */
  readonly merged: Readonly<Record<string, string>>
  readonly clashes: readonly Clash[]
}

/** Not copied: what it holds is not the work of agents. Programs find `node_modules` through a link. */
const LEFT_OUT = new Set(['.git', 'node_modules'])
const MOST_FILES = 20_000
/** The copy that nobody changes. Names of agents cannot begin with a dot. */
const BASE = '.base'

/**
 * Copies of a folder, one for each of several agents that work at the same time, and the way back: a three-way merge
 * against the folder as it was (lines by diff3, http://www.cis.upenn.edu/~bcpierce/papers/diff3-short.pdf).
 *
 * Contract: every function may be called again after a crash and gives the same result; nothing but `apply` touches
 * the folder itself.
 */
export class Workspaces {
  private readonly root: string
  private readonly folder: string

  /** `root` is what is copied, `folder` where the copies go: outside of `root`. */
  constructor(root: string, folder: string) {
    this.root = root
    this.folder = folder
  }

  /** Makes a copy for each of `names`, and one to compare with. Gives their paths by name. */
  async open(group: string, names: readonly string[]): Promise<Record<string, string>> {
    await this.copy(this.pathOf(group, BASE))
    for (const name of names) await this.copy(this.pathOf(group, name))
    return Object.fromEntries(names.map(name => [name, this.pathOf(group, name)]))
  }

  /** Compares the copies; changes nothing. */
  async merge(group: string, names: readonly string[]): Promise<Merge> {
    const base = this.pathOf(group, BASE)
    if (!(await exists(base))) throw gone(this.folder)
    const before = await filesIn(base)
    const copies = await Promise.all(
      names.map(async name => ({
        name,
        path: this.pathOf(group, name),
        files: await filesIn(this.pathOf(group, name)),
      })),
    )
    const paths = new Set([...before, ...copies.flatMap(({ files }) => [...files])])
    const taken: Record<string, string> = {}
    const merged: Record<string, string> = {}
    const clashes: Clash[] = []
    for (const path of [...paths].sort()) {
      const original = await contentOf(base, path)
      const changed: { name: string; content: Buffer | undefined }[] = []
      for (const { name, path: copy } of copies) {
        const content = await contentOf(copy, path)
        if (!isSame(content, original)) changed.push({ name, content })
      }
      const [first, ...others] = changed
      if (!first) continue
      if (others.every(other => isSame(other.content, first.content))) taken[path] = first.name
      else {
        const text = await mergeLines(
          original,
          changed.map(({ content }) => content),
        )
        if (text === undefined)
          clashes.push({
            path,
            versions: Object.fromEntries(changed.map(({ name, content }) => [name, textOf(content) ?? null])),
          })
        else merged[path] = text
      }
    }
    return { taken, merged, clashes }
  }

  /** Writes into the folder itself: whole files of somebody's copy, and texts. */
  async apply(group: string, { taken, merged }: Pick<Merge, 'taken' | 'merged'>): Promise<void> {
    if (!(await exists(this.pathOf(group, BASE)))) throw gone(this.folder)
    const written: (readonly [string, Buffer | string])[] = Object.entries(merged)
    const removed: string[] = []
    for (const [path, name] of Object.entries(taken)) {
      const content = await contentOf(this.pathOf(group, name), path)
      if (content === undefined) removed.push(path)
      else written.push([path, content])
    }
    const paths = new Set(written.map(([path]) => path))
    const twofold = [...paths].flatMap(foldersOf).find(folder => paths.has(folder))
    if (twofold !== undefined) throw fileAndFolder(twofold)
    // What is removed goes first: a file may come where a folder was, or the other way round.
    for (const path of removed) await removeFile(join(this.root, path))
    for (const [path, content] of written) await replace(join(this.root, path), content)
  }

  async close(group: string): Promise<void> {
    await rm(join(this.folder, hash(group)), { recursive: true, force: true })
  }

  private pathOf(group: string, name: string): string {
    return join(this.folder, hash(group), name)
  }

  /** Whole or not at all: a copy that a crash cut short has another name. */
  private async copy(to: string): Promise<void> {
    const part = `${to}.part`
    if (await exists(to)) return
    await rm(part, { recursive: true, force: true })
    await mkdir(dirname(part), { recursive: true })
    await filesIn(this.root)
    const filter = (source: string) =>
      !relative(this.root, source)
        .split(sep)
        .some(name => LEFT_OUT.has(name))
    await cp(this.root, part, {
      recursive: true,
      filter,
      mode: constants.COPYFILE_FICLONE,
      verbatimSymlinks: true,
    })
    const modules = join(this.root, 'node_modules')
    if (await exists(modules)) await symlink(modules, join(part, 'node_modules'))
    await rename(part, to)
  }
}

async function exists(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  )
}

/** Paths of all files of a folder, relative to it. */
async function filesIn(folder: string): Promise<Set<string>> {
  const files = new Set<string>()
  const visit = async (path: string): Promise<void> => {
    for (const entry of await readdir(join(folder, path), { withFileTypes: true })) {
      if (LEFT_OUT.has(entry.name)) continue
      if (entry.isDirectory()) await visit(join(path, entry.name))
      else if (entry.isFile()) files.add(join(path, entry.name))
      if (files.size > MOST_FILES) throw tooMany(folder)
    }
  }
  await visit('')
  return files
}

/** A file that is missing in a copy was removed; in a copy that is missing it was not. */
function gone(folder: string): CrewError {
  return new CrewError('store', `the working copies of this run are gone from ${folder}`, {
    hint: 'start again: crew run TEAM',
  })
}

function tooMany(folder: string): CrewError {
  return new CrewError(
    'usage',
    `${folder} has more than ${MOST_FILES} files: too many to copy for each agent`,
    {
      hint: 'put the team file into a folder of its own, or leave out "workspace"',
    },
  )
}

async function contentOf(folder: string, path: string): Promise<Buffer | undefined> {
  return readFile(join(folder, path)).catch(() => undefined)
}

function isSame(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b)
}

function textOf(content: Buffer | undefined): string | undefined {
  return content && decodeText(content)
}

/** All versions in one; undefined when they touch the same lines, or are no text. */
async function mergeLines(
  original: Buffer | undefined,
  versions: readonly (Buffer | undefined)[],
): Promise<string | undefined> {
  const { diff3Merge } = await import('node-diff3')
  const base = textOf(original)?.split('\n')
  let result = base
  for (const version of versions) {
    const lines = textOf(version)?.split('\n')
    if (!base || !result || !lines) return undefined
    const regions = diff3Merge(result, base, lines, { excludeFalseConflicts: true })
    if (regions.some(region => region.conflict)) return undefined
    result = regions.flatMap(region => region.ok ?? [])
  }
  return result?.join('\n')
}

/** The folders that a file is in, from the inside out. */
function foldersOf(path: string): string[] {
  const folder = dirname(path)
  return folder === '.' ? [] : [folder, ...foldersOf(folder)]
}

function fileAndFolder(path: string): CrewError {
  return new CrewError('conflict', `${path} is a file for one agent and a folder for another`, {
    hint: 'have only one of them change it, or let them work one after the other',
  })
}

async function removeFile(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined)
  // A folder is what has come in its place already, when this is done again after a crash.
  if (there && !there.isDirectory()) await rm(path, { force: true })
}

/** Makes room for a file where there was a folder, of which no file is left. */
async function removeFolder(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined)
  if (!there?.isDirectory()) return
  for (const name of await readdir(path)) await removeFolder(join(path, name))
  await rmdir(path).catch(() => {
    throw fileAndFolder(path)
  })
}

async function replace(path: string, content: Buffer | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await removeFolder(path)
  await writeFile(`${path}.crew-part`, content)
  await rename(`${path}.crew-part`, path)
}
