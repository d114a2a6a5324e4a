import type { Span } from '../../expressions/references.ts'

export type Path = readonly (string | number)[]

/** What stands in a file, whatever its syntax: values that know their place in the text. */
export type Tree =
  | (Span & { readonly kind: 'scalar'; readonly value: string | number | boolean | null })
  | (Span & { readonly kind: 'list'; readonly items: readonly Tree[] })
  | (Span & { readonly kind: 'map'; readonly entries: readonly Entry[] })

export interface Entry {
  readonly key: string
  /** Where the key is written. */
  readonly at: Span
  readonly value: Tree
}

/** Something wrong with the text itself. */
export interface Fault extends Span {
  readonly message: string
  readonly path?: Path
  readonly hint?: string
}

/** Ends the reading of a file: nothing behind this fault can be trusted. */
export class Unreadable extends Error {
  readonly faults: readonly Fault[]

  constructor(...faults: readonly Fault[]) {
    super(faults[0]?.message)
    this.faults = faults
  }
}

export const DEEPEST = 64
export const MOST_VALUES = 20_000

/** Keys that would reach into the prototype of an object when somebody copies it carelessly. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])

type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain }

/**
 * The value of a tree, and what is wrong with its keys. Counts values as often as they are used, so that aliases of
 * aliases end here. Throws Unreadable when it is too deep or too large.
 */
export function readTree(tree: Tree): { readonly value: Plain; readonly faults: readonly Fault[] } {
  const faults: Fault[] = []
  let values = 0

  function read(node: Tree, path: Path): Plain {
    values += 1
    if (values > MOST_VALUES)
      throw new Unreadable({ ...node, path, message: `the file has more than ${MOST_VALUES} values` })
    if (path.length > DEEPEST) throw new Unreadable(tooDeep(node))
    if (node.kind === 'scalar') return node.value
    if (node.kind === 'list') return node.items.map((item, index) => read(item, [...path, index]))
    const result: { [key: string]: Plain } = {}
    for (const { key, at, value } of node.entries) {
      const place = { ...at, path: [...path, key] }
      if (FORBIDDEN.has(key)) faults.push({ ...place, message: `the key "${key}" is not allowed` })
      else if (Object.hasOwn(result, key))
        faults.push({ ...place, message: `the key "${key}" is given twice` })
      else result[key] = read(value, place.path)
    }
    return result
  }

  return { value: read(tree, []), faults }
}

export function tooDeep(span: Span): Fault {
  return {
    start: span.start,
    end: span.start + 1,
    message: `the file is nested more than ${DEEPEST} levels deep`,
  }
}

/** Where the value at `path`, or its key, is written; of a path that does not exist its nearest ancestor's place. */
export function find(tree: Tree, path: Path, part: 'key' | 'value'): Span {
  let node = tree
  let key: Span | undefined
  for (const step of path) {
    const entry = node.kind === 'map' ? node.entries.find(({ key }) => key === step) : undefined
    const next = node.kind === 'list' ? node.items[Number(step)] : entry?.value
    // What is missing in a map belongs to that map: its key says more than its first line does.
    if (!next) return key ?? node
    key = entry?.at
    node = next
  }
  return part === 'key' && key ? key : node
}
