import { isObject } from '../../json.ts'
import type { Definition } from '../schema.ts'
import type { Finding } from '../source/problem.ts'
import type { Path } from '../source/tree.ts'
import { didYouMean, namesOf } from '../suggest.ts'

/** Where `connection` names one of the connections. */
const USERS = ['agents', 'tools', 'mcp'] as const

/** Whether every connection that is named is there, and every one that is there is named. */
export function checkConnections({ definition }: { readonly definition: Definition }): Finding[] {
  const names = Object.keys(definition.connections ?? {})
  const named = USERS.flatMap(field =>
    usesIn(field, (definition as Readonly<Record<string, unknown>>)[field]),
  )
  const unknown = named
    .filter(({ connection }) => !names.includes(connection))
    .map(({ connection, path }) => {
      const others = names.length > 0 ? `the connections are: ${namesOf(names)}` : undefined
      const hint = didYouMean(connection, names) ?? others ?? `declare it under connections: ${connection}:`
      return { path, message: `there is no connection "${connection}"`, hint }
    })
  const idle = names
    .filter(name => !named.some(({ connection }) => connection === name))
    .map(name => ({
      path: ['connections', name],
      at: 'key' as const,
      severity: 'warning' as const,
      message: `nothing uses the connection "${name}"`,
    }))
  return [...unknown, ...idle]
}

function usesIn(field: string, declared: unknown): { readonly connection: string; readonly path: Path }[] {
  if (!isObject(declared)) return []
  return Object.entries(declared).flatMap(([name, spec]) => {
    const connection = isObject(spec) ? spec.connection : undefined
    return typeof connection === 'string' ? [{ connection, path: [field, name, 'connection'] }] : []
  })
}
