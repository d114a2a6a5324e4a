import { isObject } from '../../json.ts'
import type { RunView, StepView } from '../../store/view.ts'
import { askedOf, childrenOf } from './asked.ts'
import { declaredLinks } from './declared.ts'
import { boardLinks, deliveredLinks, givenLinks, namesOf, TASK } from './handed.ts'
import { insideLinks } from './inside.ts'
import { leavesOf } from './leaves.ts'
import type { Link, Search } from './link.ts'
import { Passages } from './passages.ts'
import { agentAround, type Ledger, ledgerOf, type Source, valuesIn } from './sources.ts'
import { wordLinks } from './words.ts'

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
  for (const source of ledger.sources) passages.add(source.text, valuesIn(source.text))
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
  const said = ledger.sources.filter(({ kind }) => ['answer', 'draft', 'words'].includes(kind))
  const leaves = leavesOf(ledger.sources)
  const asked = (step: StepView) => askedOf(step, below)
  const search: Search = { view, ledger, below, passages, byName, leaves, said, asked }
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
  if (step.kind === 'tool') for (const link of boardLinks(step, search)) add(link)
  if (!isTask) for (const link of insideLinks(step, search, isWhole)) add(link)
  if (step.kind === 'agent') {
    for (const link of givenLinks(step, search)) add(link)
    for (const link of deliveredLinks(step, search)) add(link)
    for (const link of wordLinks(step, search, links)) add(link)
  }
  return [...links.values()].sort((a, b) => b.source.at - a.source.at)
}

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
