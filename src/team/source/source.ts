import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { CrewError } from '../../errors.ts'
import type { Span } from '../../expressions/references.ts'
import type { JsonObject } from '../../json.ts'
import { parseJson } from './jsonc.ts'
import {
  DefinitionError,
  type Finding,
  type Location,
  type Problem,
  printable,
  type Text,
} from './problem.ts'
import { positionWithin } from './scalar.ts'
import { type Fault, find, type Path, readTree, type Tree, Unreadable } from './tree.ts'
import { parseYaml } from './yaml.ts'

const LARGEST = 256 * 1024

/** A team file that could be read: its value, and where every part of it stands. */
export interface Source extends Text {
  readonly value: JsonObject
  /** Of a path that does not exist: the place of its nearest ancestor. */
  locate(path: Path, part: 'key' | 'value'): Location
  place(finding: Finding): Problem
}

/** Reads text that is JSON or YAML, by the extension of `name`, or else by its first character. Throws `definition`. */
export function parseSource(name: string, text: string): Source {
  const lines = lineStarts(text)
  try {
    if (text.trim() === '') throw new Unreadable({ start: 0, end: 1, message: 'the file is empty' })
    const tree = syntaxOf(name, text) === 'json' ? parseJson(text) : parseYaml(text)
    if (tree.kind !== 'map') throw new Unreadable({ ...tree, message: notAMap(tree) })
    const { value, faults } = readTree(tree)
    if (faults.length > 0) throw new Unreadable(...faults)
    return sourceOf(name, text, tree, value as JsonObject, lines)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    throw new DefinitionError(error.faults.map(fault => problemOf(fault, { name, text }, lines)))
  }
}

function sourceOf(
  name: string,
  text: string,
  tree: Tree,
  value: JsonObject,
  lines: readonly number[],
): Source {
  const locate = (path: Path, part: 'key' | 'value') => locationOf(find(tree, path, part), lines)

  function place({ at = 'value', severity = 'error', path, message, hint }: Finding): Problem {
    const problem = { source: { name, text }, path, message, severity, ...(hint && { hint }) }
    if (typeof at === 'string') return { ...problem, location: locate(path, at) }
    const { offset, length } = locate(path, 'value')
    const inner = valueAt(value, path)
    const raw = text.slice(offset, offset + length)
    const start = typeof inner === 'string' ? positionWithin(raw, inner, at.offset) : 0
    const end = typeof inner === 'string' ? positionWithin(raw, inner, at.offset + at.length) : 0
    return {
      ...problem,
      location: locationOf({ start: offset + start, end: offset + Math.max(end, start) }, lines),
    }
  }

  return { name, text, value, locate, place }
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner as Record<string | number, unknown> | undefined)?.[key],
    value,
  )
}

/**
 * Text of a file, or of stdin when `path` is `-`. Throws `definition` with what is wrong: missing, a folder, too
 * large, not text.
 */
export async function readText(path: string, largest = LARGEST): Promise<string> {
  const bytes = await readBytes(path, largest)
  const name = printable(path)
  const refuse = (message: string, hint: string) =>
    new CrewError('definition', `${name}: ${message}`, { hint })
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw refuse('the file is UTF-16', 'save it as UTF-8')
  }
  if (bytes.includes(0)) throw refuse('the file is not text', 'give the path of a text file')
  if (!isUtf8(bytes)) throw refuse('the file is not UTF-8', 'save it as UTF-8')
  return new TextDecoder().decode(bytes)
}

async function readBytes(path: string, largest: number): Promise<Buffer> {
  const name = printable(path)
  const chunks: Buffer[] = []
  let size = 0
  try {
    if (path !== '-' && (await stat(path)).isDirectory()) {
      throw new CrewError('definition', `${name} is a folder`, {
        hint: `give a file: ${printable(join(path, 'team.yaml'))}`,
      })
    }
    for await (const chunk of path === '-' ? process.stdin : createReadStream(path)) {
      chunks.push(Buffer.from(chunk))
      size += chunk.length
      if (size > largest) {
        throw new CrewError('definition', `${name}: the file is larger than ${largest / 1024} KiB`, {
          hint: 'move long texts to files of their own: { file: PATH }',
        })
      }
    }
    return Buffer.concat(chunks)
  } catch (error) {
    if (error instanceof CrewError) throw error
    const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? String(error)
    throw new CrewError('definition', `${name}: ${reason}`, { cause: error, hint: 'check the path' })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  ENAMETOOLONG: 'there is no such file',
  EACCES: 'the file may not be read',
  EPERM: 'the file may not be read',
  ELOOP: 'the link leads to itself',
}

function syntaxOf(name: string, text: string): 'json' | 'yaml' {
  const extension = extname(name).toLowerCase()
  if (extension === '.json' || extension === '.jsonc') return 'json'
  if (extension === '.yaml' || extension === '.yml') return 'yaml'
  return /^\s*(?:\/\/|\/\*|\{|\[)/.test(text) ? 'json' : 'yaml'
}

function notAMap(tree: Tree): string {
  const found = tree.kind === 'scalar' ? JSON.stringify(tree.value) : `a ${tree.kind}`
  return `a team file is a map with the keys name, agents and pattern; this is ${found}`
}

function problemOf(
  { message, path = [], hint, ...span }: Fault,
  source: Text,
  lines: readonly number[],
): Problem {
  return {
    source,
    message,
    path,
    severity: 'error',
    location: locationOf(span, lines),
    ...(hint && { hint }),
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1)
  return starts
}

function locationOf({ start, end }: Span, lines: readonly number[]): Location {
  let low = 0
  let high = lines.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((lines[middle] ?? 0) <= start) low = middle
    else high = middle
  }
  return {
    line: low + 1,
    column: start - (lines[low] ?? 0) + 1,
    offset: start,
    length: Math.max(1, end - start),
  }
}
