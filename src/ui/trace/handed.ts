import { asText, isObject } from '../../json.ts'
import { isInside, parentOf } from '../../step-key.ts'
import type { StepView } from '../../store/view.ts'
import type { Link, Search } from './link.ts'
import { teamStepOf } from './reads.ts'
import { agentAround, type Source } from './sources.ts'

/** Kind of a step that stands for what a nested team was given: it is made from what its agent was asked with. */
export const TASK = 'task of a team'

/** What the team around a step was given: the inputs of the run, or what a nested team was asked. */
export function* givenLinks(step: StepView, { view, ledger, asked }: Search): Generator<Link> {
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
export function* labelledLinks(step: StepView, text: string, { byName }: Search): Generator<Link> {
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
export function namesOf({ kind, by, step, title }: Source): readonly string[] {
  if (kind === 'board') return [title.slice(0, title.indexOf(' on the board'))]
  if (kind === 'earlier run' || kind === 'draft') return []
  return kind === 'output' && step ? [by, step.key, ...step.key.split('/')] : [by]
}

/** Messages that reached an agent: in the step itself, or since it was last at work and with their words in its input. */
export function* deliveredLinks(step: StepView, { view, ledger, asked }: Search): Generator<Link> {
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

/** What stood on the board when a tool read it. */
export function* boardLinks({ key, input, output }: StepView, { view, ledger }: Search): Generator<Link> {
  if (!isObject(input) || input.tool !== 'read_board' || !isObject(output)) return
  const team = teamStepOf(key, view)
  for (const fact of view.exchanged) {
    if (fact.type !== 'board.written' || teamStepOf(fact.key, view) !== team) continue
    const entry = Object.hasOwn(output, fact.name) ? output[fact.name] : undefined
    const source = ledger.byId.get(`board ${fact.id} ${fact.name}`)
    if (source && isObject(entry) && entry.version === fact.version)
      yield { source, how: 'handed over', detail: 'stood on the board' }
  }
}
