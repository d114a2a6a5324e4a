import {
  createScanner,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
  type SyntaxKind,
} from 'jsonc-parser'
import { DEEPEST, type Tree, tooDeep, Unreadable } from './tree.ts'

// The library declares these as const enums, which this compiler setting cannot read.
const OPEN: readonly SyntaxKind[] = [1, 3]
const CLOSE: readonly SyntaxKind[] = [2, 4]
const END: SyntaxKind = 17

/** Reads JSON; comments and trailing commas are fine. Throws Unreadable. */
export function parseJson(text: string): Tree {
  refuseDepth(text)
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  if (errors.length > 0 || !root) {
    throw new Unreadable(
      ...errors.slice(0, 3).map(({ error, offset, length }) => ({
        start: offset,
        end: offset + length,
        message: `this is not JSON: ${sentence(printParseErrorCode(error))}`,
      })),
    )
  }
  return treeOf(root)
}

/** The parser descends into every bracket, so the depth is counted before it starts. */
function refuseDepth(text: string): void {
  const scanner = createScanner(text, true)
  let depth = 0
  for (let token = scanner.scan(); token !== END; token = scanner.scan()) {
    if (OPEN.includes(token)) depth += 1
    if (CLOSE.includes(token)) depth -= 1
    if (depth > DEEPEST) throw new Unreadable(tooDeep({ start: scanner.getTokenOffset(), end: 0 }))
  }
}

function treeOf(node: Node): Tree {
  const span = { start: node.offset, end: node.offset + node.length }
  const children = node.children ?? []
  if (node.type === 'array') return { ...span, kind: 'list', items: children.map(treeOf) }
  if (node.type === 'object') return { ...span, kind: 'map', entries: children.flatMap(entryOf) }
  const value: unknown = node.value
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new Unreadable({ ...span, message: 'this number is too large' })
  }
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  return { ...span, kind: 'scalar', value: isScalar ? value : null }
}

function entryOf({ children: [key, value] = [] }: Node) {
  if (!key || !value) return []
  const at = { start: key.offset, end: key.offset + key.length }
  return [{ key: String(key.value), at, value: treeOf(value) }]
}

/** `CommaExpected` as `comma expected`. */
function sentence(code: string): string {
  return code.replace(/\B[A-Z]/g, letter => ` ${letter}`).toLowerCase()
}
