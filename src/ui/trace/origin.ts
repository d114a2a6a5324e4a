import { asText, isObject } from '../../json.ts'
import { isInside, parentOf } from '../../step-key.ts'
import type { RunView, StepView } from '../../store/view.ts'
import { declaredBy, wordsFor } from './declared.ts'
import { Passages } from './passages.ts'
import { findStep, teamStepOf } from './reads.ts'
import { agentAround, type Ledger, ledgerOf, type Source, valuesIn } from './sources.ts'

/**
 * How it is known that something was made from a source: `declared`, a template of the team file reads it; `handed over`,
 * what the step was asked contains the whole of it, or the journal says that it was delivered there; `inside`, the step
 * itself asked for it; `same words`, a passage stands in both, and nothing else connects them.
 */
export type How = 'declared' | 'handed over' | 'inside' | 'same words'

export interface Link {
  readonly source: Source
  readonly how: How
  /** Where it is declared, in which part it was handed over, or the words that are the same. */
  readonly detail: string
}

export interface Origins {
  readonly ledger: Ledger
  /** What a step was made from, each source once. */
  of(step: StepView): readonly Link[]
  /** The texts that a step was asked with. */
  asked(step: StepView): string
}

/** Walks back from results to what they were made from. */
export function originsOf(view: RunView): Origins {
  const ledger = ledgerOf(view)
  const passages = new Passages()
  const numbered = ledger.sources.map(source => {
    passages.add(source.text, valuesIn(source.text))
    return source
  })
  const below = childrenOf(view)
  const known = new Map<string, readonly Link[]>()
  const byName = new Map<string, Source[]>()
  for (const source of ledger.sources) {
    for (const name of new Set(namesOf(source))) {
      const list = byName.get(name)
      if (list) list.push(source)
      else byName.set(name, [source])
    }
  }
  const said = ledger.sources.filter(({ kind }) => kind === 'answer' || kind === 'words')
  const asked = (step: StepView) => askedOf(step, below)
  const search: Search = { view, ledger, below, passages, numbered, byName, said, asked }
  return {
    ledger,
    asked,
    of(step) {
      const links = known.get(step.key) ?? linksOf(step, search)
      known.set(step.key, links)
      return links
    },
  }
}

interface Search {
  readonly view: RunView
  readonly ledger: Ledger
  readonly below: ReadonlyMap<string, readonly StepView[]>
  readonly passages: Passages
  /** Sources by their numbers in `passages`. */
  readonly numbered: readonly Source[]
  /** Sources by the names under which a packet may hand them over. */
  readonly byName: ReadonlyMap<string, readonly Source[]>
  /** What people answered, and told agents. */
  readonly said: readonly Source[]
  readonly asked: (step: StepView) => string
}

/** All steps that stand directly in each step, '' for the run. */
function childrenOf({ steps }: RunView): Map<string, StepView[]> {
  const children = new Map<string, StepView[]>()
  for (const step of steps.values()) {
    let parent = step.key
    do parent = parentOf(parent)
    while (parent !== '' && !steps.has(parent))
    const list = children.get(parent)
    if (list) list.push(step)
    else children.set(parent, [step])
  }
  return children
}

const ACTS: ReadonlySet<string> = new Set(['model', 'command', 'http', 'attempt', 'group'])

/** What a step was asked, as the pattern put it and as the agent's own words made of it. */
function askedOf(step: StepView, below: Search['below']): string {
  const texts = new Set<string>()
  if (step.input !== undefined) texts.add(asText(step.input))
  const visit = (key: string): void => {
    for (const child of below.get(key) ?? []) {
      if (!ACTS.has(child.kind)) continue
      if (child.input !== undefined) texts.add(asText(child.input))
      visit(child.key)
    }
  }
  if (step.kind === 'agent') visit(step.key)
  return [...texts].join('\n\n')
}

/** Kind of a step that stands for what a nested team was given: it is made from what its agent was asked with. */
const TASK = 'task of a team'

function linksOf(made: StepView, search: Search): Link[] {
  const isTask = made.kind === TASK
  const step = isTask ? (agentAround(made.key, search.view.steps) ?? made) : made
  const links = new Map<string, Link>()
  const add = (link: Link | undefined) => {
    if (link && !links.has(link.source.id) && link.source.id !== step.key) links.set(link.source.id, link)
  }
  const isWhole =
    step.kind !== 'agent' || (search.below.get(step.key) ?? []).some(({ kind }) => kind === 'team')
  if (step.kind === 'agent') for (const link of declaredLinks(step, search)) add(link)
  if (!isTask) for (const link of insideLinks(step, search, isWhole)) add(link)
  if (step.kind === 'agent') {
    for (const link of givenLinks(step, search)) add(link)
    for (const link of deliveredLinks(step, search)) add(link)
    for (const link of wordLinks(step, search, links)) add(link)
  }
  return [...links.values()].sort((a, b) => b.source.at - a.source.at)
}

/** What the team around a step was given: the inputs of the run, or what a nested team was asked. */
function* givenLinks(step: StepView, { view, ledger, asked }: Search): Generator<Link> {
  const team = teamStepOf(step.key, view)
  if (team) {
    const { key, startedAt: at, input = '' } = team
    const agent = agentAround(key, view.steps)
    const source: Source = {
      id: `task ${key}`,
      kind: 'input',
      title: `what the team ${agent?.key ?? key} was given`,
      by: 'the team around it',
      at,
      text: isObject(input) && Object.keys(input).length === 1 ? asText(input.task ?? input) : asText(input),
      step: { ...team, kind: TASK },
    }
    yield { source, how: 'handed over', detail: 'the team works on it' }
    return
  }
  const text = asked(step)
  const inputs = ledger.sources.filter(({ kind }) => kind === 'input')
  for (const source of inputs) {
    const name = source.id.slice('input.'.length)
    const isOnly = inputs.length === 1 && text.startsWith(source.text)
    const isTask = isOnly || text.includes(`${name}: ${source.text}`)
    if (isTask && source.text !== '') yield { source, how: 'handed over', detail: 'in the task' }
  }
}

/** What a packet hands over by name: `From NAME:` and the text. What was shortened on the way is said to be. */
function* labelledLinks(step: StepView, text: string, { byName }: Search): Generator<Link> {
  for (const match of text.matchAll(/^From ([^\n]{1,200}):\n/gm)) {
    const [lead, name = ''] = match
    const rest = text.slice(match.index + lead.length)
    const called = (byName.get(name) ?? []).filter(({ at, id }) => at <= step.startedAt && id !== step.key)
    const same = called.filter(source => source.text.trim() !== '' && rest.startsWith(source.text.trim()))
    const exact = same.findLast(source => isCalled(source, name)) ?? same.at(-1)
    if (exact) yield { source: exact, how: 'handed over', detail: `as "From ${name}"` }
    else {
      const last = called.at(-1)
      if (last) yield { source: last, how: 'handed over', detail: `as "From ${name}", not word for word` }
    }
  }
}

/** Whether a name is that of a source itself, and not of something around it. */
function isCalled({ kind, by, step }: Source, name: string): boolean {
  return kind === 'board' || by === name || step?.key === name || step?.key.endsWith(`/${name}`) === true
}

/** Names under which a packet may hand a source over. */
function namesOf({ kind, by, step, title }: Source): readonly string[] {
  if (kind === 'board') return [title.slice(0, title.indexOf(' on the board'))]
  return kind === 'output' && step ? [by, step.key, ...step.key.split('/')] : [by]
}

function* declaredLinks(step: StepView, { view, ledger, numbered }: Search): Generator<Link> {
  const team = teamStepOf(step.key, view)
  for (const { path, where } of declaredBy(step, view)) {
    const [root, name] = path
    const detail = `${where} reads ${path.join('.')}`
    if (root === 'input' && !team) {
      for (const source of numbered) {
        if (source.kind === 'input' && (name === undefined || source.id === `input.${name}`))
          yield { source, how: 'declared', detail }
      }
    }
    if (root === 'steps' && typeof name === 'string') {
      const found = findStep(name, step.key, view)
      const source = found && ledger.byId.get(found.key)
      if (source) yield { source, how: 'declared', detail }
      else if (found) yield* declaredGroup(found, { ledger, view, detail })
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
  { ledger, detail }: { readonly ledger: Ledger; readonly view: RunView; readonly detail: string },
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

/** What a step asked for while it was at work: tools, colleagues, people; of a team and of a group, what its members gave. */
function* insideLinks(
  { key, output }: StepView,
  { view, ledger, below, said }: Search,
  isWhole: boolean,
): Generator<Link> {
  const inside: Source[] = []
  const visit = (parent: string): void => {
    for (const child of below.get(parent) ?? []) {
      const source = ledger.byId.get(child.key)
      if (source) inside.push(source)
      if (!source || child.kind === 'tool') visit(child.key)
    }
  }
  visit(key)
  for (const source of said) {
    const place = source.id.slice(source.id.indexOf(' ') + 1)
    if (source.kind === 'answer' && agentAround(place, view.steps)?.key === key) inside.push(source)
    if (source.kind === 'words' && place.startsWith(`${key}/`)) inside.push(source)
  }
  const given = output === undefined ? '' : asText(output)
  // The whole of what one of them gave says best from whom it is; else all have a part in it.
  const exact =
    isWhole && given !== ''
      ? inside.filter(({ text }) => text.trim() !== '' && given.trim() === text.trim())
      : []
  if (exact.length > 0) {
    const last = exact.at(-1)
    if (last) yield { source: last, how: 'handed over', detail: 'is the result, word for word' }
    return
  }
  for (const source of inside) {
    const detail = isWhole ? 'a part of it' : source.kind === 'answer' ? 'was asked' : 'at work'
    yield { source, how: 'inside', detail }
  }
}

/** Messages that reached an agent: in the step itself, or since it was last at work and with their words in its input. */
function* deliveredLinks(step: StepView, { view, ledger, asked }: Search): Generator<Link> {
  const { key, agent, startedAt, endedAt = Number.POSITIVE_INFINITY } = step
  let text: string | undefined
  for (const fact of view.exchanged) {
    if (fact.type !== 'message.delivered' || fact.to !== agent || fact.at > endedAt) continue
    const source = ledger.byId.get(`message ${fact.id}`)
    if (!source || source.at > endedAt) continue
    text ??= asked(step)
    const isBeside = fact.at <= startedAt && parentOf(fact.key) === parentOf(key)
    if (isInside(fact.key, key))
      yield { source, how: 'handed over', detail: 'was delivered to it while it was at work' }
    else if (
      isBeside ||
      (fact.at <= startedAt && source.text.trim() !== '' && text.includes(source.text.trim()))
    )
      yield { source, how: 'handed over', detail: 'was delivered to it before' }
  }
}

/** What stands in the words that a step was asked with: whole results that were handed on, and passages. */
function* wordLinks(step: StepView, search: Search, found: ReadonlyMap<string, Link>): Generator<Link> {
  const { view, passages, numbered, asked } = search
  // The caller adds each link before it takes the next: `found` has them all.
  const text = asked(step)
  const isEarlier = (number: number) => {
    const source = numbered[number]
    return (
      source !== undefined &&
      source.id !== step.key &&
      source.at <= step.startedAt &&
      source.step?.key !== step.key &&
      !step.key.startsWith(`${source.id}/`)
    )
  }
  for (const link of labelledLinks(step, text, search)) if (!found.has(link.source.id)) yield link
  const shared = passages.in(text, isEarlier).flatMap(passage => {
    const source = numbered[passage.text]
    return source && !found.has(source.id) ? [{ ...passage, source }] : []
  })
  // What stands in something that was handed over has come with that.
  const isNew = (words: string) =>
    ![...found.values()].some(({ source }) => source.text.toLowerCase().includes(words.toLowerCase()))
  const whole = latestOf(shared.filter(({ source }) => contains(text, source.text)))
  for (const { source } of whole.sort((a, b) => b.source.text.length - a.source.text.length))
    if (isNew(source.text.trim()))
      yield { source, how: 'handed over', detail: 'all of it stands in what it was asked' }
  const told = wordsFor(step, view).map(({ text }) => text.toLowerCase())
  const loose = shared.filter(
    each =>
      !found.has(each.source.id) &&
      !contains(text, each.source.text) &&
      isNew(each.words) &&
      !told.some(text => text.includes(each.words.toLowerCase())),
  )
  // The same words in several sources: the first that had them is where they are from.
  const said = new Set<string>()
  for (const { source, words } of loose.sort((a, b) => a.source.at - b.source.at)) {
    if (said.has(words.toLowerCase())) continue
    said.add(words.toLowerCase())
    yield { source, how: 'same words', detail: words }
  }
}

/** Of sources with the same text only the latest: it was passed on from there. */
function latestOf<T extends { readonly source: Source }>(links: readonly T[]): T[] {
  const latest = new Map<string, T>()
  for (const link of links) {
    const text = link.source.text.trim()
    const known = latest.get(text)
    if (!known || known.source.at <= link.source.at) latest.set(text, link)
  }
  return [...latest.values()]
}

function contains(text: string, part: string): boolean {
  const whole = part.trim()
  return whole.length >= WHOLE && text.includes(whole)
}

/** Characters from which on a text does not stand in another one by chance. */
const WHOLE = 24

/** What the run as a whole gave, as if it were a step. */
export function runAsStep(view: RunView): StepView {
  const { output, error, startedAt, updatedAt, spent, state } = view
  return {
    key: '',
    kind: 'run',
    fingerprint: '',
    state: state === 'succeeded' ? 'succeeded' : state === 'failed' ? 'failed' : 'running',
    starts: 1,
    reopened: 0,
    startedAt,
    activeAt: 0,
    endedAt: updatedAt,
    spent,
    notes: [],
    ...(output !== undefined && { output }),
    ...(error && { error }),
    ...(isObject(view.input) && { input: view.input }),
  }
}
