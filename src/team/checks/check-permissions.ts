import { BUILT_IN } from '../../tools/index.ts'
import { fullName, serverOf } from '../../tools/mcp.ts'
import { readRule } from '../../tools/permissions.ts'
import type { Definition } from '../schema.ts'
import type { Finding } from '../source/problem.ts'
import type { Path } from '../source/tree.ts'
import { didYouMean, namesOf } from '../suggest.ts'

interface Team {
  readonly definition: Definition
  readonly tools: readonly string[]
}

type Lists = Pick<NonNullable<Definition['permissions']>, 'allow' | 'ask' | 'deny'>

/** Tools that agents have without anybody listing them. */
const GRANTED = ['hand_off', 'publish', 'read_result']

const FILE_TOOLS: ReadonlySet<string> = new Set(BUILT_IN.filter(name => name.endsWith('_file')))

/**
 * Rules that hold for nothing, although they look as if they did. Warnings all: where nothing is allowed a person is
 * asked, but what is not denied may happen.
 */
export function checkPermissions({ definition, tools: builtIn }: Team): Finding[] {
  const { agents, permissions, tools: declared = {}, mcp = {} } = definition
  const known = [...Object.keys(declared), ...builtIn, ...GRANTED]
  // Only the server knows its tools, unless the team file chooses among them.
  const isKnown = (rule: string) => {
    const server = mcp[serverOf(rule)]
    if (server?.tools && !rule.includes('*'))
      return server.tools.some(tool => isSame(fullName(serverOf(rule), tool), rule))
    const servers = Object.keys(mcp).map(name => fullName(name, ''))
    return (
      known.some(name => covers(rule, name)) ||
      servers.some(start => reaches(rule, start) && !isSame(rule, start))
    )
  }
  // What is asked and denied holds in teams inside of this one, which have tools of their own.
  const isAround = Object.values(agents).some(({ kind }) => kind === 'team')
  const inLists = (lists: Lists | undefined, at: Path) =>
    (['allow', 'ask', 'deny'] as const).flatMap(list =>
      (lists?.[list] ?? []).flatMap((rule, index) => {
        const path = [...at, 'permissions', list, index]
        const { name, pattern } = readRule(rule)
        const isOfOther = isAround && list !== 'allow'
        if (!isOfOther && !isKnown(name)) return [namesNothing(path, rule, name, { known, mcp })]
        return pattern === undefined ? [] : neverMatches(path, rule, name, pattern)
      }),
    )
  return [
    ...inLists(permissions, []),
    ...Object.entries(agents).flatMap(([name, agent]) =>
      inLists('permissions' in agent ? agent.permissions : undefined, ['agents', name]),
    ),
  ].map(finding => ({ ...finding, severity: 'warning' as const }))
}

function namesNothing(
  path: Path,
  rule: string,
  name: string,
  { known, mcp }: { readonly known: readonly string[]; readonly mcp: NonNullable<Definition['mcp']> },
): Finding {
  const ofServers = Object.entries(mcp).flatMap(([server, { tools = [] }]) =>
    tools.map(tool => fullName(server, tool)),
  )
  const hint = Object.hasOwn(mcp, name)
    ? `for all tools of this server write ${fullName(name, '')}*`
    : (didYouMean(name, [...known, ...ofServers]) ?? `the tools are: ${namesOf([...ofServers, ...known])}`)
  return { path, message: `the rule "${rule}" holds for nothing: there is no tool "${name}"`, hint }
}

/** Patterns that nothing which the tool touches is ever written like. */
function neverMatches(path: Path, rule: string, name: string, pattern: string): Finding[] {
  const never = (why: string, hint: string) => [
    { path, message: `the rule "${rule}" holds for nothing: ${why}`, hint },
  ]
  if (name === 'fetch_url' && !/^(?:[h*?]|$)/i.test(pattern))
    return never('an address begins with its scheme', `write ${name}(https://${pattern})`)
  if (!FILE_TOOLS.has(name)) return []
  if (/^~|(?:^|\/)\.\.(?:\/|$)/.test(pattern))
    return never(
      'it is held against real paths below the folder of the team',
      'name the folder under permissions.roots, and write NAME:/**',
    )
  if (pattern.endsWith('/'))
    return never('a file does not end with /', `for all that is in the folder write ${name}(${pattern}**)`)
  return []
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/** Whether the name in a rule, in which `*` is anything, means this tool. Takes a time linear to both. */
function covers(rule: string, name: string): boolean {
  const [first = '', ...rest] = rule.toLowerCase().split('*')
  const text = name.toLowerCase()
  const last = rest.pop()
  if (last === undefined) return first === text
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const piece of rest) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}

/** Whether the name in a rule can mean something that begins like this. */
function reaches(rule: string, start: string): boolean {
  const [first = '', ...rest] = rule.toLowerCase().split('*')
  const text = start.toLowerCase()
  return first.startsWith(text) || (rest.length > 0 && text.startsWith(first))
}
