import { CrewError } from '../errors.ts'
import { brief, isObject, type Json } from '../json.ts'
import { type Expression, ExpressionError, parseExpression, type Scope } from './cel.ts'

export type { Scope } from './cel.ts'

/** A piece of a template: text as it is, or an expression with its place in the template. */
export type Piece = string | { readonly expression: Expression; readonly offset: number }

/** Splits a template at its `${…}`; `$${` is a literal `${`. Throws an ExpressionError. */
export function parseTemplate(text: string): Piece[] {
  const pieces: Piece[] = []
  let literal = ''
  let index = 0
  for (;;) {
    const next = text.indexOf('${', index)
    if (next < 0) break
    if (text[next - 1] === '$' && next > index) {
      literal += `${text.slice(index, next - 1)}\${`
      index = next + 2
      continue
    }
    literal += text.slice(index, next)
    if (literal !== '') pieces.push(literal)
    literal = ''
    const end = endOfExpression(text, next + 2)
    pieces.push({ expression: parseAt(text.slice(next + 2, end), next + 2), offset: next + 2 })
    index = end + 1
  }
  literal += text.slice(index)
  if (literal !== '') pieces.push(literal)
  return pieces
}

/** What a template gives: one that is exactly one `${…}` keeps its type, any other is text. */
export function render(template: string, scope: Scope): Json {
  if (!template.includes('${')) return template
  const pieces = parseTemplate(template)
  const [only] = pieces
  if (pieces.length === 1 && only !== undefined && typeof only !== 'string')
    return only.expression.evaluate(scope)
  return join(
    pieces.map(piece => (typeof piece === 'string' ? piece : inText(piece.expression.evaluate(scope)))),
  )
}

/** What a template gives, as text: objects and lists as JSON. */
export function renderText(template: string, scope: Scope): string {
  return inText(render(template, scope))
}

/** `value` with the templates in all of its strings filled in; keys stay as they are. */
export function renderDeep(value: Json, scope: Scope): Json {
  if (typeof value === 'string') return render(value, scope)
  if (Array.isArray(value)) return value.map(inner => renderDeep(inner, scope))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, renderDeep(inner, scope)]))
}

/** The list that the template in `field` gives. Throws `template-failed` when it gives anything else. */
export function renderList(field: string, template: string, scope: Scope): readonly Json[] {
  const list = render(template, scope)
  if (Array.isArray(list)) return list
  throw new CrewError('template-failed', `"${field}" gives no list: ${template} is ${brief(list, 100)}`, {
    hint: `give "${field}" a template that is exactly one \${…} and gives a list`,
  })
}

/** Whether a condition (CEL, without `${}`) holds. Throws a CrewError when it gives anything but true or false. */
export function holds(condition: string, scope: Scope): boolean {
  const result = parseExpression(condition).evaluate(scope)
  if (typeof result === 'boolean') return result
  throw new CrewError(
    'template-failed',
    `the condition "${condition}" is neither true nor false but ${brief(result)}`,
  )
}

function parseAt(source: string, offset: number): Expression {
  if (source.trim() === '')
    throw new ExpressionError(`there is no expression in \${}`, offset - 2, source.length + 3)
  try {
    return parseExpression(source)
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    throw new ExpressionError(error.message, error.offset + offset, error.length)
  }
}

/** What may hide a brace, and braces. A string that never ends reaches to the end of the text. */
const TOKEN = [
  /"""(?:\\.?|(?!""")[^\\])*(?:"""|$)/,
  /'''(?:\\.?|(?!''')[^\\])*(?:'''|$)/,
  /"(?:\\.?|[^"\\])*(?:"|$)/,
  /'(?:\\.?|[^'\\])*(?:'|$)/,
  /\/\/[^\n]*/,
  /[{}]/,
]
  .map(({ source }) => source)
  .join('|')

function endOfExpression(text: string, start: number): number {
  const tokens = new RegExp(TOKEN, 'gs')
  tokens.lastIndex = start
  let depth = 0
  for (let token = tokens.exec(text); token; token = tokens.exec(text)) {
    if (token[0] === '{') depth += 1
    if (token[0] === '}' && depth-- === 0) return token.index
  }
  throw new ExpressionError('this ${ is never closed; write $${ for a literal ${', start - 2, 2)
}

function inText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function join(parts: readonly string[]): string {
  try {
    return parts.join('')
  } catch {
    throw new CrewError('template-failed', 'the filled-in template is too long to be one text')
  }
}
