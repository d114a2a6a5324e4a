import { isObject, type Json, type JsonObject } from '../../json.ts'

/** What a part of a team file lets happen outside of the run; the names of the groups in which people read it. */
export type CapabilityKind =
  | 'runs'
  | 'talks'
  | 'files'
  | 'models'
  | 'unasked'
  | 'variables'
  | 'other'
  /** It allows nothing by itself: it holds the others back, and so must not change unseen. */
  | 'held'

/** One thing that a team could do. */
export interface Capability {
  readonly kind: CapabilityKind
  /** The place in the team file: `agents.search.run`; inside of a nested team with the agents on the way to it. */
  readonly at: string
  /** Folder in which it happens. */
  readonly root: string
  /** In plain words. Made of text from the team file: untrusted. */
  readonly says: string
  /** All that decides what it does: what an answer about it is bound to. */
  readonly data: Json
  /** It happens in rehearsals, too. */
  readonly isPure?: true
  /** Command lines in it, whose programs may be files of the team. */
  readonly argv?: readonly string[]
}

/** A capability whose place is still to be completed, on the way up. */
export type Draft = Omit<Capability, 'at' | 'root'> & { readonly at: readonly string[] }

/** Names of the variables that templates in `value` put in. */
export function variablesIn(value: unknown): string[] {
  const text = JSON.stringify(value) ?? ''
  const templates = [...text.matchAll(/\$\{(.*?)\}/gs)].flatMap(([, inner = '']) => inner)
  const names = templates.flatMap(inner =>
    [...inner.matchAll(/\benv(?:\.|\[\s*\\?["'])(\w+)/g)].flatMap(([, name = '']) => name),
  )
  return [...new Set(names)]
}

/** A tool, a server or a connection without its deadlines, its description, and those of its arguments. */
export function withoutWords({
  description: _,
  timeout: __,
  patience: ___,
  args,
  ...more
}: JsonObject): JsonObject {
  if (!isObject(args)) return more
  const plain = Object.entries(args).map(([name, arg]) => {
    if (!isObject(arg)) return [name, arg]
    const { description: _, ...rest } = arg
    return [name, rest]
  })
  return { ...more, args: Object.fromEntries(plain) }
}
