import { createContext, Script } from 'node:vm'
import { Environment, EvaluationError, ParseError } from '@marcbachmann/cel-js'
import { RE2JS } from 're2js'
import { CrewError } from '../errors.ts'
import { isObject, type Json } from '../json.ts'
import { chainOf, nodesOf, type Reference, referencesOf, type Span } from './references.ts'
import { fromCel, toCel } from './values.ts'

/** The values that templates and conditions see. */
export type Scope = Readonly<Record<string, Json>>

/** A CEL expression, parsed. */
export interface Expression {
  readonly source: string
  readonly references: readonly Reference[]
  /** What its types say is wrong with it, before any value is known. */
  readonly problem: (Span & { readonly message: string }) | undefined
  /** Type of its result as far as it is known: `bool`, `string`, `list` … or `dyn`. */
  readonly type: string
  /** Throws a CrewError `template-failed` that shows the expression and what was there instead. */
  evaluate(scope: Scope): Json
}

/** An expression or a template that cannot be read. `offset` counts from the start of the text it stands in. */
export class ExpressionError extends CrewError {
  readonly offset: number
  readonly length: number

  constructor(message: string, offset: number, length = 1) {
    super('template-failed', message)
    this.offset = offset
    this.length = Math.max(1, length)
  }
}

const LONGEST = 4000
const LONGEST_PATTERN = 1000
/** Milliseconds that one evaluation may take. Far above any honest one; it ends loops over loops over long lists. */
const PATIENCE = 1000

/** Replaces `matches`, which cel-js gives to a backtracking engine that a pattern like `^(a+)+$` can stall. */
const MATCHES = 'matchesInLinearTime'

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 1000, maxDepth: 100 },
}).registerFunction(`string.${MATCHES}(string): bool`, matches)

// JSON does not tell 8 from 8.0, so a whole number may meet a fraction; the result is a fraction.
const ARITHMETIC: Record<string, (left: number, right: number) => number> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
}
for (const [operator, apply] of Object.entries(ARITHMETIC)) {
  const mixed = (left: number | bigint, right: number | bigint) => apply(Number(left), Number(right))
  environment.registerOperator(`int ${operator} double: double`, mixed)
  environment.registerOperator(`double ${operator} int: double`, mixed)
}

const parsed = new Map<string, Expression>()
const MOST_PARSED = 1000

/** Throws an ExpressionError. */
export function parseExpression(source: string): Expression {
  const known = parsed.get(source)
  if (known) return known
  const expression = parse(source)
  if (parsed.size >= MOST_PARSED) parsed.delete(parsed.keys().next().value ?? source)
  parsed.set(source, expression)
  return expression
}

/** Whether `name` can be a variable: an identifier that means nothing in CEL itself. */
export function isVariable(name: string): boolean {
  if (!/^[A-Za-z_]\w*$/.test(name) || environment.hasVariable(name)) return false
  try {
    return environment.parse(name).ast.op === 'id'
  } catch {
    return false
  }
}

function parse(source: string): Expression {
  if (source.length > LONGEST) {
    throw new ExpressionError(
      `an expression has at most ${LONGEST} characters, this one has ${source.length}`,
      0,
    )
  }
  const program = compile(source)
  const nodes = [...nodesOf(program.ast)]
  for (const node of nodes) if (node.op === 'rcall' && node.args[0] === 'matches') node.args[0] = MATCHES

  const references = referencesOf(program.ast).filter(({ path }) => !environment.hasVariable(path[0]))
  const chain = references.length === 1 ? chainOf(program.ast) : undefined
  const calls = nodes.some(node => node.op === 'rcall')
  const { error, type = 'dyn' } = program.check()

  return {
    source,
    references,
    problem: error && {
      message: readable(error.summary),
      ...(error.range ?? { start: 0, end: source.length }),
    },
    type,
    evaluate(scope) {
      if (chain) return lookUp(scope, chain, source)
      const values = new Map(Object.entries(scope).map(([name, value]) => [name, toCel(value)]))
      const run = () => fromCel(program(values))
      try {
        return calls ? within(PATIENCE, run) : run()
      } catch (error) {
        throw explain(error, source, references, scope)
      }
    },
  }
}

function compile(source: string) {
  try {
    return environment.parse(source)
  } catch (error) {
    if (!(error instanceof ParseError))
      throw new ExpressionError('the expression is nested too deeply', 0, source.length)
    const { start, end } = error.range ?? { start: 0, end: source.length }
    const tooLarge = error.code === 'limit_exceeded'
    throw new ExpressionError(
      tooLarge ? 'the expression is too large' : readable(error.summary),
      start,
      end - start,
    )
  }
}

function matches(text: string, pattern: string): boolean {
  if (pattern.length > LONGEST_PATTERN) throw new Error(`a pattern has at most ${LONGEST_PATTERN} characters`)
  return RE2JS.compile(pattern).matcher(text).find()
}

const stage = createContext({})
const call = new Script('run()')

/** Runs `fn`, and throws when it takes longer. Only vm can stop code that does not give way. */
function within<T>(milliseconds: number, fn: () => T): T {
  let result: { readonly value: T } | undefined
  stage.run = () => {
    result = { value: fn() }
  }
  call.runInContext(stage, { timeout: milliseconds })
  if (!result) throw new Error('the expression gave no result')
  return result.value
}

function lookUp(scope: Scope, reference: Reference, source: string): Json {
  const { found, missing } = resolve(scope, reference)
  if (missing === undefined) return found
  throw failure(source, missing.message, missing.hint)
}

interface Missing {
  readonly message: string
  readonly hint: string | undefined
}

/** How an expression asks for what need not be there. Names of the scope itself are there or wrong. */
function askFirst(above: readonly (string | number)[], key: string | number): string | undefined {
  const isPlain = [...above, key].every(part => /^[A-Za-z_]\w*$/.test(String(part)))
  return above.length > 0 && isPlain
    ? `if it need not be there, ask first: has(${[...above, key].join('.')})`
    : undefined
}

/** Follows a reference as far as it goes; `missing` says where it ended and what is there. */
function resolve(scope: Scope, { path }: Reference): { readonly found: Json; readonly missing?: Missing } {
  let value: Json = scope
  for (const [index, key] of path.entries()) {
    const next = fieldOf(value, key)
    if (next === undefined) {
      const above = path.slice(0, index)
      const hint = isObject(value) ? askFirst(above, key) : undefined
      return { found: null, missing: { message: absence(above, key, value), hint } }
    }
    value = next
  }
  return { found: value }
}

function fieldOf(value: Json, key: string | number): Json | undefined {
  if (Array.isArray(value)) return typeof key === 'number' ? value[key] : undefined
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

function absence(path: readonly (string | number)[], key: string | number, value: Json): string {
  if (path.length === 0) return `there is no "${key}"; there is: ${listed(Object.keys(value ?? {}))}`
  const place = path.join('.')
  if (Array.isArray(value)) return `${place} is a list of ${value.length}, it has no "${key}"`
  if (isObject(value)) return `${place} has no "${key}"; ${place} has: ${listed(Object.keys(value))}`
  const kind = value === null ? 'null' : typeof value === 'string' ? 'text' : `a ${typeof value}`
  return `${place} is ${kind}, it has no "${key}"`
}

function listed(names: readonly string[]): string {
  return names.length === 0
    ? 'nothing'
    : names.length > 20
      ? `${names.slice(0, 20).join(', ')} …`
      : names.join(', ')
}

function explain(error: unknown, source: string, references: readonly Reference[], scope: Scope): CrewError {
  if (isObject(error) && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
    return failure(source, `took longer than ${PATIENCE / 1000} s`)
  }
  if (!(error instanceof EvaluationError))
    return failure(source, error instanceof Error ? error.message : String(error))
  const { range } = error
  const culprits = references.filter(({ start, end }) => !range || (start <= range.start && range.end <= end))
  for (const reference of culprits) {
    const { missing } = resolve(scope, reference)
    if (missing !== undefined) return failure(source, missing.message, missing.hint)
  }
  return failure(source, readable(error.summary))
}

function failure(source: string, message: string, hint?: string): CrewError {
  const shown = source.length > 200 ? `${source.slice(0, 200)}…` : source
  return new CrewError('template-failed', `\${${shown}}: ${message}`, hint === undefined ? {} : { hint })
}

/** cel-js names types as `dyn<int>` and our replacement of `matches` by its own name. */
function readable(summary: string): string {
  const text = summary
    .replace(/dyn<(\w+)>/g, '$1')
    .replaceAll(MATCHES, 'matches')
    .replace(/\bEOF\b/, 'the end')
  return text.charAt(0).toLowerCase() + text.slice(1)
}
