import { CrewError } from '../errors.ts'
import { parseUrl } from '../url.ts'

/** Characters that mean the same whether they are percent-encoded or not. */
const UNRESERVED = /[A-Za-z0-9._~-]/

/**
 * An http or https address in its one spelling, so that whoever compares addresses compares what is meant: no trailing
 * dot behind the host, nothing percent-encoded that need not be, no fragment. One with a user name is refused: it shows
 * another host than it leads to. Throws `request-rejected`.
 */
export function canonicalAddress(text: string, base?: URL): URL {
  const url = parseUrl(text, base)
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw refused(text, 'is not an http or https address')
  if (url.username !== '' || url.password !== '') throw refused(text, 'has a user name in front of the host')
  const host = url.hostname.replace(/\.$/, '')
  if (host === '' || host.startsWith('.') || host.includes('..'))
    throw refused(text, 'has no proper host name')
  if (host !== url.hostname) url.hostname = host
  url.pathname = withoutNeedlessEscapes(url.pathname)
  url.hash = ''
  return url
}

/**
 * The parts of an address between its slashes, for permission rules: `https:`, nothing, the host, the names of the path.
 * A query belongs to the last part.
 */
export function partsOf(url: URL): string[] {
  const parts = `${url.protocol}//${url.host}${url.pathname}`.split('/')
  return [...parts.slice(0, -1), `${parts.at(-1)}${url.search}`]
}

/** The address without its query, where keys like to hide. */
export function withoutQuery({ origin, pathname }: URL): string {
  return `${origin}${pathname}`
}

function withoutNeedlessEscapes(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, code => {
    const character = String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return UNRESERVED.test(character) ? character : code.toUpperCase()
  })
}

function refused(text: string, problem: string): CrewError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text
  return new CrewError('request-rejected', `"${shown.replace(/\/\/[^/?#]*@/, '//…@')}" ${problem}`)
}
