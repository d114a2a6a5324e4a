import type { ASTNode } from '@marcbachmann/cel-js'

export interface Span {
  readonly start: number
  readonly end: number
}

/** A value that an expression reads: `steps.a.output[0]` is the path steps, a, output, 0. */
export interface Reference extends Span {
  readonly path: readonly [string, ...(string | number)[]]
  /** Where each element of the path is written, within the expression. */
  readonly spans: readonly Span[]
}

/** Macros of the form `list.map(name, …)`: the first argument names a variable of the others. */
const LOOPS = new Set(['map', 'filter', 'all', 'exists', 'exists_one'])

/**
 * What an expression reads from its scope; variables that it introduces itself are left out. A field that it tests
 * with `has(a.b)` or `"b" in a` is not counted as read: of `has(a.b) ? a.b.c : 0` remains `a`.
 */
export function referencesOf(ast: ASTNode): Reference[] {
  const found: Reference[] = []
  const tested: Reference[] = []

  function visit(node: ASTNode, own: ReadonlySet<string>): void {
    const chain = chainOf(node)
    if (chain) {
      if (!own.has(chain.path[0])) found.push(chain)
      return
    }
    for (const child of test(node) ?? scopeOf(node, own)) visit(child.node, child.own ?? own)
  }

  function test(node: ASTNode): Child[] | undefined {
    if (node.op === 'in') return testMembership(node.args)
    if (node.op !== 'call' || node.args[0] !== 'has') return undefined
    const argument = node.args[1][0]
    const chain = argument && chainOf(argument)
    if (chain) tested.push(chain)
    return argument?.op === '.' ? [{ node: argument.args[0] }] : []
  }

  function testMembership([key, container]: readonly [ASTNode, ASTNode]): Child[] {
    const name = keyOf(key)
    const chain = chainOf(container)
    if (chain && typeof name === 'string') tested.push(extend(chain, name, key.range))
    return [{ node: key }, { node: container }]
  }

  visit(ast, new Set())
  return found.map(reference => {
    const guard = tested.find(({ path }) => path.every((key, index) => key === reference.path[index]))
    return guard ? cut(reference, guard.path.length - 1) : reference
  })
}

/** The reference that an expression consists of, when it is nothing else. */
export function chainOf(node: ASTNode): Reference | undefined {
  if (node.op === 'id') return reference([node.args], [{ start: node.start, end: node.end }])
  if (node.op !== '.' && node.op !== '[]') return undefined
  const base = chainOf(node.args[0])
  const key = node.op === '.' ? node.args[1] : keyOf(node.args[1])
  if (!base || key === undefined) return undefined
  const span = node.op === '.' ? { start: node.pos, end: node.end } : node.args[1].range
  return { ...extend(base, key, span), end: node.end }
}

interface Child {
  readonly node: ASTNode
  /** Names that are variables of the expression itself, where they differ from those around it. */
  readonly own?: ReadonlySet<string>
}

/** The parts of a node that is no chain, each with the variables that it sees. */
function scopeOf(node: ASTNode, own: ReadonlySet<string>): Child[] {
  if (node.op !== 'rcall') return partsOf(node).map(part => ({ node: part }))
  const [name, receiver, args] = node.args
  const [variable, ...rest] = args
  if (variable?.op === 'id') {
    const inside = new Set([...own, variable.args])
    if (LOOPS.has(name)) return [{ node: receiver }, ...rest.map(part => ({ node: part, own: inside }))]
    const [value, body] = rest
    if (name === 'bind' && value && body) return [{ node: value }, { node: body, own: inside }]
  }
  return [receiver, ...args].map(part => ({ node: part }))
}

function partsOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case 'call':
      return node.args[1]
    case 'rcall':
      return [node.args[1], ...node.args[2]]
    case '.':
    case '.?':
      return [node.args[0]]
    case '!_':
    case '-_':
      return [node.args]
    case 'map':
      return node.args.flat()
    default:
      return node.args
  }
}

/** Every node of an expression, macros as they were written. */
export function* nodesOf(node: ASTNode): Generator<ASTNode> {
  yield node
  for (const part of partsOf(node)) yield* nodesOf(part)
}

function keyOf(node: ASTNode): string | number | undefined {
  if (node.op !== 'value') return undefined
  if (typeof node.args === 'bigint') return Number(node.args)
  return typeof node.args === 'string' ? node.args : undefined
}

function reference(path: Reference['path'], spans: readonly Span[]): Reference {
  return { path, spans, start: spans[0]?.start ?? 0, end: spans.at(-1)?.end ?? 0 }
}

function extend({ path, spans }: Reference, key: string | number, span: Span): Reference {
  return reference([...path, key], [...spans, span])
}

function cut({ path: [root, ...rest], spans }: Reference, length: number): Reference {
  return reference([root, ...rest.slice(0, length - 1)], spans.slice(0, length))
}
