import { asText, canonical, isObject, type Json, type JsonObject } from '../../json.ts'
import type { RunView, StepView } from '../../store/view.ts'
import { originsOf } from './origin.ts'

/** A field that is not the same in two runs; undefined where it is missing. */
export interface Field {
  readonly path: string
  readonly a: Json | undefined
  readonly b: Json | undefined
}

/** A step of which two runs tell different things. */
export interface Parting {
  readonly key: string
  readonly agent: string
  /** What differs, in the order in which one leads to the other. */
  readonly in: readonly ('path' | 'prompt' | 'decision' | 'output' | 'state')[]
  readonly a: Told | undefined
  readonly b: Told | undefined
}

/** What a run tells of a step. */
interface Told {
  /** A person gave its result: it was asked nothing. */
  readonly given: boolean
  readonly asked: string
  readonly output: string | undefined
  readonly state: string
  readonly why: string | undefined
  readonly decisions: readonly string[]
  readonly milliseconds: number
  readonly tokens: number
  readonly usd: number
}

interface Share {
  readonly agent: string
  readonly a: Sum
  readonly b: Sum
}

export interface Sum {
  readonly steps: number
  readonly milliseconds: number
  readonly tokens: number
  readonly usd: number
}

export interface Comparison {
  readonly definition: readonly Field[]
  readonly input: readonly Field[]
  /** In the order of the first run, those that only the second has where they came up there. */
  readonly partings: readonly Parting[]
  /** Steps of agents that are the same in both. */
  readonly same: number
  readonly output: boolean
  readonly shares: readonly Share[]
}

/** Where two runs parted, whatever their teams. */
export function compareRuns(a: RunView, b: RunView): Comparison {
  const told = { a: teller(a), b: teller(b) }
  const keys = merged(keysOf(a), keysOf(b))
  const partings: Parting[] = []
  let same = 0
  for (const key of keys) {
    const parting = compareStep(key, a.steps.get(key), b.steps.get(key), told)
    if (parting) partings.push(parting)
    else same += 1
  }
  return {
    definition: fieldsOf(a.definition, b.definition),
    input: fieldsOf(a.input, b.input),
    partings: withoutInner(partings),
    same,
    output: canonical(a.output) === canonical(b.output) && a.state === b.state,
    shares: sharesOf(a, b),
  }
}

type Teller = (step: StepView) => Told

function compareStep(
  key: string,
  first: StepView | undefined,
  second: StepView | undefined,
  told: { readonly a: Teller; readonly b: Teller },
): Parting | undefined {
  const a = first && told.a(first)
  const b = second && told.b(second)
  const agent = first?.agent ?? second?.agent ?? ''
  if (!a || !b) return { key, agent, in: ['path'], a, b }
  const parts = [
    ...(a.asked === b.asked || a.given || b.given ? [] : ['prompt' as const]),
    ...(canonical(a.decisions) === canonical(b.decisions) ? [] : ['decision' as const]),
    ...(a.output === b.output ? [] : ['output' as const]),
    ...(a.state === b.state && a.why === b.why ? [] : ['state' as const]),
  ]
  return parts.length > 0 ? { key, agent, in: parts, a, b } : undefined
}

/** What a step that only one run has contains need not be named as well. */
function withoutInner(partings: readonly Parting[]): Parting[] {
  const lone = new Set<string>()
  return partings.filter(({ key, in: [what] }) => {
    if (what !== 'path') return true
    const names = key.split('/')
    const isInner = names.some((_, index) => index > 0 && lone.has(names.slice(0, index).join('/')))
    lone.add(key)
    return !isInner
  })
}

/** Kinds whose steps tell of the path: who did what. How a call was made in detail stands below them. */
const TOLD: ReadonlySet<string> = new Set(['agent', 'tool', 'set', 'approval', 'team'])

function keysOf({ steps }: RunView): string[] {
  return [...steps.values()].flatMap(({ key, kind, state }) =>
    TOLD.has(kind) || state === 'skipped' ? [key] : [],
  )
}

/** Both lists as one, each in its order; what stands only in the second comes behind what it follows there. */
function merged(first: readonly string[], second: readonly string[]): string[] {
  const known = new Set(first)
  const behind = new Map<string, string[]>()
  let last = ''
  for (const key of second) {
    if (known.has(key)) last = key
    else behind.set(last, [...(behind.get(last) ?? []), key])
  }
  return [...(behind.get('') ?? []), ...first.flatMap(key => [key, ...(behind.get(key) ?? [])])]
}

function teller(view: RunView): Teller {
  const { asked } = originsOf(view)
  return step => {
    const { output, state, spent, startedAt, endedAt, reason, error } = step
    return {
      given: step.inherited?.set === true,
      asked: asked(step),
      output: output === undefined ? undefined : asText(output),
      state,
      why: error ? `${error.code}: ${error.message}` : reason,
      decisions: decisionsOf(step),
      milliseconds: (endedAt ?? view.updatedAt) - startedAt,
      tokens: spent.input + spent.output,
      usd: spent.usd,
    }
  }
}

/** Decisions that say where it went; those that only tell of time are never the same. */
function decisionsOf({ notes }: StepView): string[] {
  return notes.flatMap(note => {
    if (note.type !== 'decision' || TIMED.has(note.what)) return []
    const { pause: _pause, milliseconds: _milliseconds, at: _at, ...values } = note.values ?? {}
    const more = Object.keys(values).length > 0 ? ` ${JSON.stringify(values)}` : ''
    return [`${note.what}: ${note.reason}${more}`]
  })
}

const TIMED: ReadonlySet<string> = new Set(['queued', 'cache'])

/** The fields in which two values differ, the innermost ones. */
function fieldsOf(a: Json | undefined, b: Json | undefined, path = ''): Field[] {
  if (a !== undefined && b !== undefined && canonical(a) === canonical(b)) return []
  if (isObject(a) && isObject(b)) {
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
    return names.flatMap(name => fieldsOf(own(a, name), own(b, name), path === '' ? name : `${path}.${name}`))
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    const length = Math.max(a.length, b.length)
    return Array.from({ length }, (_, index) => fieldsOf(a[index], b[index], `${path}[${index}]`)).flat()
  }
  return a === undefined && b === undefined ? [] : [{ path, a, b }]
}

function own(value: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined
}

function sharesOf(a: RunView, b: RunView): Share[] {
  const first = sumsOf(a)
  const second = sumsOf(b)
  const none = { steps: 0, milliseconds: 0, tokens: 0, usd: 0 }
  const agents = [...new Set([...first.keys(), ...second.keys()])]
  return agents.map(agent => ({ agent, a: first.get(agent) ?? none, b: second.get(agent) ?? none }))
}

export function sumsOf({ steps, updatedAt }: RunView): Map<string, Sum> {
  const sums = new Map<string, Sum>()
  for (const { kind, agent, spent, startedAt, endedAt, starts } of steps.values()) {
    if (kind !== 'agent' || agent === undefined || starts === 0) continue
    const {
      steps: count,
      milliseconds,
      tokens,
      usd,
    } = sums.get(agent) ?? { steps: 0, milliseconds: 0, tokens: 0, usd: 0 }
    sums.set(agent, {
      steps: count + 1,
      milliseconds: milliseconds + (endedAt ?? updatedAt) - startedAt,
      tokens: tokens + spent.input + spent.output,
      usd: usd + spent.usd,
    })
  }
  return sums
}
