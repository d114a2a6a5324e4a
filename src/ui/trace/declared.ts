import { parseTemplate } from '../../expressions/template.ts'
import { isObject, type Json } from '../../json.ts'
import type { RunView, StepView } from '../../store/view.ts'
import type { Link, Search } from './link.ts'
import { definitionAround } from './notes.ts'
import { findStep, teamStepOf } from './reads.ts'
import type { Ledger, Source } from './sources.ts'

/** What the team file says that a step reads. */
export function* declaredLinks(step: StepView, { view, ledger }: Search): Generator<Link> {
  const team = teamStepOf(step.key, view)
  for (const { path, where } of declaredBy(step, view)) {
    const [root, name] = path
    const detail = `${where} reads ${path.join('.')}`
    if (root === 'input' && !team) {
      for (const source of ledger.sources) {
        if (source.kind === 'input' && (name === undefined || source.id === `input.${name}`))
          yield { source, how: 'declared', detail }
      }
    }
    if (root === 'steps' && typeof name === 'string') {
      const found = findStep(name, step.key, view)
      const source = found && ledger.byId.get(found.key)
      if (source) yield { source, how: 'declared', detail }
      else if (found) yield* declaredGroup(found, { ledger, detail })
    }
    if (root === 'state' && typeof name === 'string') {
      const source = writerOf(name, step, view, ledger)
      if (source) yield { source, how: 'declared', detail: `${detail}, which ${source.id} wrote` }
    }
  }
}

/** A step that templates read is a group of agents at times: what they gave is what it has. */
function* declaredGroup(
  { key }: StepView,
  { ledger, detail }: { readonly ledger: Ledger; readonly detail: string },
): Generator<Link> {
  for (const source of ledger.sources)
    if (source.kind === 'output' && source.id.startsWith(`${key}/`)) yield { source, how: 'declared', detail }
}

/** The node of a graph that wrote a field of its state last. */
function writerOf(field: string, step: StepView, { steps }: RunView, { byId }: Ledger): Source | undefined {
  let last: StepView | undefined
  for (const other of steps.values()) {
    if (other.startedAt > step.startedAt || other.key === step.key) continue
    const isWriter = other.notes.some(
      note => note.type === 'decision' && note.what === 'state' && Object.hasOwn(note.values ?? {}, field),
    )
    if (isWriter) last = other
  }
  return last && byId.get(last.key)
}

/** Something that a template of the team file reads, like `steps.find.output`, and where that is written. */
interface Declared {
  readonly path: readonly (string | number)[]
  /** As in `agents.writer.prompt`. */
  readonly where: string
}

/** What the templates of the agent of a step read, and those of the place that the pattern gives it. */
function declaredBy({ key, agent = '' }: StepView, view: RunView): Declared[] {
  const { agents, pattern } = definitionAround(view, key)
  const own = isObject(agents) ? agents[agent] : undefined
  // A team inside is told by its input what to do; what its members read they read from that.
  const spec = isObject(own)
    ? Object.fromEntries(Object.entries(own).filter(([name]) => name !== 'team'))
    : {}
  const places = placesOf(pattern, [key.slice(key.lastIndexOf('/') + 1).replace(/-\d+$/, ''), agent])
  return [
    ...templatesIn(spec, `agents.${agent}`),
    ...places.flatMap(({ value, where }) => templatesIn(value, where)),
  ].flatMap(({ text, where }) => readsIn(text).map(path => ({ path, where })))
}

/** Texts of the team file that an agent is told as they are: its role, its prompt. */
export function wordsFor({ key, agent = '' }: StepView, view: RunView) {
  const { agents } = definitionAround(view, key)
  const spec = isObject(agents) ? agents[agent] : undefined
  if (!isObject(spec)) return []
  return ['role', 'prompt'].flatMap(name => {
    const text = spec[name]
    return typeof text === 'string' ? [{ text, where: `agents.${agent}.${name}` }] : []
  })
}

interface Place {
  readonly value: Json
  readonly where: string
}

/** What a pattern says of a step: an entry of that name, or an item of a list that names it. */
function placesOf(pattern: Json | undefined, names: readonly string[]): Place[] {
  if (!isObject(pattern)) return []
  return Object.entries(pattern).flatMap(([field, value]): Place[] => {
    const where = `pattern.${field}`
    if (Array.isArray(value)) {
      return value.flatMap((item, index) => {
        const isMeant = isObject(item) && [item.name, item.id, item.agent].some(name => isOneOf(name, names))
        return isMeant ? [{ value: item, where: `${where}[${index}]` }] : []
      })
    }
    if (!isObject(value)) return []
    return names.flatMap(name => {
      const entry = value[name]
      return isObject(entry) ? [{ value: entry, where: `${where}.${name}` }] : []
    })
  })
}

function isOneOf(name: Json | undefined, names: readonly string[]): boolean {
  return typeof name === 'string' && names.includes(name)
}

function templatesIn(value: Json, where: string): { readonly text: string; readonly where: string }[] {
  if (typeof value === 'string') return value.includes('${') ? [{ text: value, where }] : []
  if (Array.isArray(value)) return value.flatMap((item, index) => templatesIn(item, `${where}[${index}]`))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, inner]) => templatesIn(inner, `${where}.${name}`))
}

function readsIn(text: string) {
  try {
    return parseTemplate(text).flatMap(piece =>
      typeof piece === 'string' ? [] : piece.expression.references.map(({ path }) => path),
    )
  } catch {
    return []
  }
}
