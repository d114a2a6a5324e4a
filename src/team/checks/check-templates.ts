import { type Expression, ExpressionError, isVariable, parseExpression } from '../../expressions/cel.ts'
import { type Piece, parseTemplate } from '../../expressions/template.ts'
import { isObject } from '../../json.ts'
import { schemaOfArgs } from '../../tools/declared-args.ts'
import type { Definition } from '../schema.ts'
import type { Finding } from '../source/problem.ts'
import type { Path } from '../source/tree.ts'
import { checkReference, type Surroundings, schemaOf } from './check-reference.ts'
import { typeOf } from './fields.ts'
import type { View } from './visibility.ts'

/** A string of a team file that is or holds CEL, and what it sees. */
interface Place {
  readonly path: Path
  readonly text: string
  readonly view: View
}

/** Fields of an agent whose strings are templates, however deep they are. */
const TEMPLATES = [
  'role',
  'prompt',
  'run',
  'env',
  'url',
  'headers',
  'body',
  'input',
  'check',
  'expects',
  'simplify',
  'approve',
  'review',
]
/** Fields of a declared tool whose strings are no templates. */
const AS_IT_IS = ['description', 'effects', 'approve', 'connection']
/** Fields of a request, which go without what is nothing but an argument that was not given. */
const LEFT_OUT = ['query', 'headers', 'body']
const ARGUMENT = /^\$\{\s*args\.\w+\s*\}$/
/** Findings that are reported of one text. */
const MOST_PER_TEXT = 20
/** Fields that are CEL as they are. */
const CONDITIONS = new Set<unknown>(['when', 'until', 'that'])

/** Whether every template and condition of a team can be read, and reads what exists by then. */
export function checkTemplates(team: Surroundings): Finding[] {
  return placesOf(team).flatMap(place => checkPlace(place, team).slice(0, MOST_PER_TEXT))
}

function placesOf({ definition, views }: Surroundings): Place[] {
  const agents = Object.entries(definition.agents).flatMap(([name, agent]) => {
    const fields = Object.entries(agent).filter(([field]) => TEMPLATES.includes(field))
    const view = views.ofAgent(name)
    return fields.flatMap(([field, value]) =>
      stringsIn(value, ['agents', name, field]).map(found => ({ ...found, view })),
    )
  })
  const pattern = stringsIn(definition.pattern, []).map(({ path, text }) => ({
    path: ['pattern', ...path],
    text,
    view: views.ofPattern(path),
  }))
  const output = stringsIn(definition.output, ['output']).map(found => ({ ...found, view: views.ofAll }))
  // Alerts and tools are ready before the first step.
  const view = { steps: () => new Set<string>(), variables: new Set<string>() }
  const webhook = stringsIn(definition.gates?.webhook, ['gates', 'webhook']).map(found => ({
    ...found,
    view,
  }))
  const receivers = (definition.alerts.to ?? []).flatMap((receiver, index) =>
    'webhook' in receiver
      ? stringsIn(receiver, ['alerts', 'to', index]).map(found => ({ ...found, view }))
      : [],
  )
  return [
    ...agents,
    ...pattern,
    ...output,
    ...receivers,
    ...webhook,
    ...inTools(definition, view),
    ...inServers(definition, view),
  ]
}

/** Fields of an MCP server whose strings are templates. */
const OF_SERVERS = ['run', 'env', 'url', 'headers'] as const

function inServers({ mcp = {} }: Definition, view: View): Place[] {
  return Object.entries(mcp).flatMap(([name, server]) =>
    OF_SERVERS.flatMap(field => stringsIn(server[field], ['mcp', name, field])).map(found => ({
      ...found,
      view,
    })),
  )
}

function inTools({ tools = {} }: Definition, view: View): Place[] {
  return Object.entries(tools).flatMap(([name, { args, ...tool }]) => {
    const all = schemaOfArgs(args)
    const given = { ...all, required: Object.keys(args ?? {}) }
    const fields = Object.entries(tool).filter(([field]) => !AS_IT_IS.includes(field))
    return fields.flatMap(([field, value]) =>
      stringsIn(value, ['tools', name, field]).map(found => {
        const isLeftOut = LEFT_OUT.includes(field) && ARGUMENT.test(found.text)
        return { ...found, view: { ...view, args: isLeftOut ? given : all } }
      }),
    )
  })
}

function stringsIn(value: unknown, path: Path): { readonly path: Path; readonly text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }]
  if (Array.isArray(value)) return value.flatMap((inner, index) => stringsIn(inner, [...path, index]))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => stringsIn(inner, [...path, key]))
}

function isInCheck(path: Path): boolean {
  return path[0] !== 'tools' && path.includes('check')
}

/** Which gate a string belongs to, and whether it says when that opens. */
function gateIn(
  path: Path,
): { readonly of: 'approve' | 'review'; readonly isCondition: boolean } | undefined {
  const depth = path[0] === 'agents' ? 2 : path[0] === 'pattern' && path[1] === 'edges' ? 3 : -1
  const of = path[depth]
  if (of !== 'approve' && of !== 'review') return undefined
  return { of, isCondition: path.length === depth + 1 || path.at(-1) === 'when' }
}

function isExpectation(path: Path): boolean {
  return path[0] === 'agents' && path[2] === 'expects'
}

function checkPlace({ path, text, view: around }: Place, team: Surroundings): Finding[] {
  // A check also sees what it is to check, and who makes a task simpler what was wrong with it.
  const gate = gateIn(path)
  const also = gate
    ? ['spent', ...(gate.of === 'review' ? ['output'] : [])]
    : isInCheck(path)
      ? ['output']
      : path[0] === 'agents' && path[2] === 'simplify'
        ? ['problem']
        : []
  const view = { ...around, variables: new Set([...around.variables, ...also]) }
  const place = { path, text, view }
  const field = path.at(-1)
  try {
    const mayBeCondition = path[0] === 'pattern' || isInCheck(path)
    if (gate?.isCondition) return text === 'never' || text === 'always' ? [] : checkCondition(place, team)
    if ((mayBeCondition && CONDITIONS.has(field)) || isExpectation(path)) return checkCondition(place, team)
    const pieces = parseTemplate(text)
    const expressions = pieces.flatMap(piece => (typeof piece === 'string' ? [] : piece))
    const findings = expressions.flatMap(({ expression, offset }) =>
      checkExpression(expression, offset, place, team),
    )
    if (path.length > 2 || path[0] !== 'pattern') return findings
    if (field === 'each' && findings.length === 0) return checkList(pieces, place, team)
    return field === 'as' ? checkVariable(place) : findings
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return [{ path, at: { offset: error.offset, length: error.length }, message: error.message }]
  }
}

function checkCondition(place: Place, team: Surroundings): Finding[] {
  const { path, text } = place
  if (text.trimStart().startsWith('${')) {
    const at = { offset: text.indexOf('${'), length: 2 }
    return [{ path, at, message: 'a condition is CEL as it is, not a template', hint: `leave out \${ and }` }]
  }
  const expression = parseExpression(text)
  const findings = checkExpression(expression, 0, place, team)
  if (findings.length > 0 || expression.type === 'bool' || expression.type === 'dyn') return findings
  const message = `a condition is true or false; this is of type ${expression.type}`
  return [{ path, at: { offset: 0, length: text.length }, message }]
}

function checkExpression(
  { problem, references }: Expression,
  offset: number,
  place: Place,
  team: Surroundings,
): Finding[] {
  const { path, view } = place
  if (problem) {
    const { start, end, message } = problem
    return [{ path, at: { offset: offset + start, length: Math.max(1, end - start) }, message }]
  }
  return references.flatMap(reference => {
    const complaint = checkReference(reference, view, team)
    if (!complaint) return []
    const { index, ...finding } = complaint
    const { start, end } = reference.spans[Math.min(index, reference.spans.length - 1)] ?? reference
    return [{ path, at: { offset: offset + start, length: end - start }, ...finding }]
  })
}

/** `each` must give a list, and only a template that is a single expression gives anything but text. */
function checkList(pieces: readonly Piece[], { path, text }: Place, team: Surroundings): Finding[] {
  const at = { offset: 0, length: text.length }
  const [only] = pieces
  if (pieces.length !== 1 || only === undefined || typeof only === 'string') {
    return [
      {
        path,
        at,
        message: '"each" must give a list; this gives text',
        hint: `write one template: "\${input.files}"`,
      },
    ]
  }
  const { expression } = only
  const [reference] = expression.references
  const isReference = reference?.start === 0 && reference.end === expression.source.length
  const schema = isReference ? schemaOf(reference.path, team) : undefined
  const type = (schema && typeOf(schema)) ?? TYPES[expression.type]
  if (type === undefined || type === 'array') return []
  return [{ path, at, message: `"each" must give a list; this gives ${type === 'string' ? 'text' : type}` }]
}

/** Types of CEL that are no list, in the words of JSON Schema. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  int: 'integer',
  double: 'number',
  bool: 'boolean',
  map: 'object',
}

function checkVariable({ path, text }: Place): Finding[] {
  if (isVariable(text)) return []
  const message = `"${text}" cannot be the name of a variable`
  return [{ path, message, hint: 'letters, digits and _, and no word that means something in CEL' }]
}
