import { CrewError } from '../../errors.ts'
import { parseTemplate, render, type Scope } from '../../expressions/template.ts'
import { isObject, type Json } from '../../json.ts'

/** A whole address up to the end of its host, which no template may have a part in. */
const ORIGIN = /^https?:\/\/[^/?#\\${}\s@]+(?=[/?])/i

/** What is wrong with an address in a team file; undefined when only its path and query can change. */
export function leadsElsewhere(address: string, isRelative: boolean): string | undefined {
  if (address.includes('#')) return 'an address has no # in it'
  if (isRelative) {
    const isBelow = address.startsWith('/') && !address.startsWith('//')
    return isBelow
      ? undefined
      : 'with a connection, an address is the part behind its baseUrl and begins with /'
  }
  if (ORIGIN.test(address)) return undefined
  return 'an address is http:// or https://, a host without templates, and a path that begins with /; or name a connection'
}

/**
 * The address with its templates filled in, each as part of one name: nothing that is filled in can add a name, leave
 * the path or begin a query. Throws `template-failed` when that cannot be done.
 */
export function fillPath(template: string, scope: Scope): string {
  const filled = parseTemplate(template).map(piece =>
    typeof piece === 'string'
      ? piece
      : encode(piece.expression.source.trim(), piece.expression.evaluate(scope)),
  )
  const text = filled.join('')
  const [path = ''] = text.replace(/^https?:\/\/[^/?]*/i, '').split('?')
  if (path.split('/').some(name => /^(\.|%2e){1,2}$/i.test(name)))
    throw new CrewError('template-failed', `"${path}" would lead out of the path that is declared`)
  return text
}

function encode(source: string, value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text === '') throw new CrewError('template-failed', `${source} is empty, and is part of an address`)
  if (value === null || typeof value === 'object')
    throw new CrewError('template-failed', `${source} is part of an address, and must be text or a number`)
  try {
    return encodeURIComponent(text)
  } catch {
    throw new CrewError('template-failed', `${source} has half a character in it`)
  }
}

/** The argument that a template is, when it is nothing else. */
function argumentIn(template: string): string | undefined {
  return /^\$\{\s*args\.(\w+)\s*\}$/.exec(template)?.[1]
}

/** `value` with its templates filled in; fields that are an argument which was not given are left out. */
export function fillFields(value: Json, scope: Scope): Json {
  if (typeof value === 'string') return render(value, scope)
  if (Array.isArray(value)) return value.map(inner => fillFields(inner, scope))
  if (!isObject(value)) return value
  const given = Object.entries(value).filter(([, inner]) => !isMissing(inner, scope))
  return Object.fromEntries(given.map(([key, inner]) => [key, fillFields(inner, scope)]))
}

function isMissing(value: Json, { args }: Scope): boolean {
  const name = typeof value === 'string' ? argumentIn(value) : undefined
  return name !== undefined && isObject(args) && !Object.hasOwn(args, name)
}
