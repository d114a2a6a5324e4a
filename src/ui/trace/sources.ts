import { asText, isObject, type Json } from '../../json.ts'
import type { RunView, StepView } from '../../store/view.ts'

/** Something that a result can have been made from. */
export interface Source {
  /** The same for the same thing, in whatever it was used. */
  readonly id: string
  readonly kind:
    | 'output'
    | 'tool'
    | 'message'
    | 'board'
    | 'answer'
    | 'draft'
    | 'words'
    | 'input'
    | 'earlier run'
  /** What it is called, as in `output of find`. */
  readonly title: string
  /** Who made it: an agent, a person, a tool. */
  readonly by: string
  /** When it was there, in milliseconds since the epoch. */
  readonly at: number
  readonly text: string
  /** The earlier run that it is kept from. */
  readonly run?: string
  /** The step whose sources are its own. */
  readonly step?: StepView
}

/** Everything in a run that something else can have been made from, in the order of time. */
export interface Ledger {
  readonly sources: readonly Source[]
  readonly byId: ReadonlyMap<string, Source>
}

export function ledgerOf(view: RunView): Ledger {
  const sources = [
    ...inputsOf(view),
    ...stepsOf(view),
    ...exchangedIn(view),
    ...answersIn(view),
    ...draftsIn(view),
    ...guidanceIn(view),
  ].sort((a, b) => a.at - b.at)
  return { sources, byId: new Map(sources.map(source => [source.id, source])) }
}

function inputsOf({ input, startedAt }: RunView): Source[] {
  return Object.entries(input).map(([name, value]) => ({
    id: `input.${name}`,
    kind: 'input',
    title: `input ${name} of the run`,
    by: 'whoever started the run',
    at: startedAt,
    text: asText(value),
  }))
}

/** What agents and tools gave. Acts and groups gave it on the way, and would say it twice. */
function stepsOf({ steps }: RunView): Source[] {
  return [...steps.values()].flatMap((step): Source[] => {
    const { key, kind, agent = '', output, endedAt = 0 } = step
    if (output === undefined) return []
    if (kind === 'cache') return keptIn(step, agentAround(key, steps)?.agent ?? '')
    if (kind === 'agent') {
      const called = agent === key || key.endsWith(`/${agent}`) ? '' : ` (${agent})`
      return [
        {
          id: key,
          kind: 'output',
          title: `output of ${key}${called}`,
          by: agent,
          at: endedAt,
          text: asText(output),
          step,
        },
      ]
    }
    if (kind !== 'tool') return []
    return [
      {
        id: key,
        kind: 'tool',
        title: `result of ${callIn(step)}`,
        by: toolIn(step),
        at: endedAt,
        text: asText(output),
        step,
      },
    ]
  })
}

/** The answer of an earlier run that was taken in place of another one. */
function keptIn({ key, output }: StepView, agent: string): Source[] {
  const kept = isObject(output) && isObject(output.kept) ? output.kept : output
  if (!isObject(kept) || typeof kept.run !== 'string' || typeof kept.at !== 'number') return []
  const { run, at, output: text = '' } = kept
  return [
    {
      id: key,
      kind: 'earlier run',
      title: `what ${agent} gave in run ${run}`,
      run,
      by: agent,
      at,
      text: asText(text),
    },
  ]
}

function toolIn({ input }: StepView): string {
  return isObject(input) && typeof input.tool === 'string' ? input.tool : 'tool'
}

function callIn(step: StepView): string {
  const args = isObject(step.input) ? step.input.arguments : undefined
  return `${toolIn(step)}${args === undefined ? '' : ` ${JSON.stringify(args)}`}`
}

function exchangedIn(view: RunView): Source[] {
  return view.exchanged.flatMap((fact): Source[] => {
    if (fact.type === 'message.sent') {
      const { id, from, to, topic, payload } = fact.message
      const maker = makerOf(fact.key, from, fact.at, view)
      return [
        {
          id: `message ${id}`,
          kind: 'message',
          title: `message from ${from} to ${to ?? topic ?? 'everybody'}`,
          by: from,
          at: fact.at,
          text: asText(payload),
          ...(maker && { step: maker }),
        },
      ]
    }
    if (fact.type !== 'board.written') return []
    const maker = makerOf(fact.key, fact.by, fact.at, view)
    return [
      {
        id: `board ${fact.id} ${fact.name}`,
        kind: 'board',
        title: `${fact.name} on the board, version ${fact.version}`,
        by: fact.by,
        at: fact.at,
        text: asText(fact.value),
        ...(maker && { step: maker }),
      },
    ]
  })
}

function answersIn({ waits }: RunView): Source[] {
  return [...waits].flatMap(([key, { request, answer }]): Source[] =>
    answer
      ? [
          {
            id: `answer ${key}`,
            kind: 'answer',
            title: `answer to: ${request.question}`,
            by: answer.by,
            at: answer.at,
            text: asText(answer.value),
          },
        ]
      : [],
  )
}

/** What an agent gave before a person put something else in its place. */
function draftsIn({ waits, steps }: RunView): Source[] {
  return [...waits].flatMap(([key, { request, openedAt, answer }]): Source[] => {
    const { gate, editable } = request
    const isEdited = typeof answer?.value === 'string' && answer.value.startsWith('edit=')
    if (gate !== 'output' || editable === undefined || !isEdited) return []
    const agent = agentAround(key, steps)?.agent ?? ''
    const title = `what ${agent} gave before ${answer.by} edited it`
    return [{ id: `draft ${key}`, kind: 'draft', title, by: agent, at: openedAt, text: asText(editable) }]
  })
}

function guidanceIn({ guidance, steps, startedAt }: RunView): Source[] {
  return [...guidance].flatMap(([key, words]) =>
    words.map(
      ({ id, text, by }): Source => ({
        id: `words ${key} ${id}`,
        kind: 'words',
        title: `what ${by} told it before ${key}`,
        by,
        at: steps.get(key)?.startedAt ?? startedAt,
        text,
      }),
    ),
  )
}

/** The step in which something was said: that of an agent around it, else what that agent did last before. */
function makerOf(key: string, agent: string, at: number, { steps }: RunView): StepView | undefined {
  // A pattern puts on the board what an agent gave in a step of its own, named after the agent's.
  const around = agentAround(key, steps) ?? agentAround(key.replace(/-(write|settled-[^/]*)$/, ''), steps)
  if (around) return around
  let last: StepView | undefined
  for (const step of steps.values()) {
    const isItsOwn =
      step.kind === 'agent' && step.agent === agent && (step.endedAt ?? Number.POSITIVE_INFINITY) <= at
    if (isItsOwn && (step.endedAt ?? 0) >= (last?.endedAt ?? 0)) last = step
  }
  return last
}

/** The innermost step of an agent that `key` is, or stands in. */
export function agentAround(key: string, steps: RunView['steps']): StepView | undefined {
  for (const names = key.split('/'); names.length > 0; names.pop()) {
    const step = steps.get(names.join('/'))
    if (step?.kind === 'agent') return step
  }
  return undefined
}

/** Short values in what a step gave, by which it may be recognised elsewhere: numbers, names, codes. */
export function valuesIn(text: string): string[] {
  const values: string[] = []
  const visit = (value: Json): void => {
    if (values.length >= MOST_VALUES) return
    if (Array.isArray(value)) for (const item of value) visit(item)
    else if (isObject(value)) for (const inner of Object.values(value)) visit(inner)
    else if (typeof value === 'number') values.push(String(value))
    else if (typeof value === 'string' && value.length <= SHORT) values.push(value)
  }
  if (text.length <= SHORT) values.push(text)
  // Text of a model is full of small words; figures in it are what travels.
  for (const [figure] of text.slice(0, LOOKED_AT).matchAll(/(?<![\w.,-])\d[\d.,]*\d(?![\w-])/g)) {
    if (values.length >= MOST_VALUES) break
    values.push(figure)
  }
  if (/^\s*[[{]/.test(text)) {
    try {
      visit(JSON.parse(text))
    } catch {
      // It only looked like JSON.
    }
  }
  return values
}

const SHORT = 80
const LOOKED_AT = 100_000
const MOST_VALUES = 500
