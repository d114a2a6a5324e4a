import { normalized } from '../../coordination/sameness.ts'
import type { Packet } from '../../exchange/packet.ts'
import { asText, isObject, type Json } from '../../json.ts'
import type { Message } from '../../store/events.ts'

/** Control that passes from one agent to another, with all that the other is told. */
export interface Handover {
  readonly from: string
  readonly to: string
  /** Id of the message that says so. */
  readonly message: string
  readonly summary: string
  readonly task: string
  readonly knowledge: string
  readonly constraints: readonly string[]
  /** Fields that every receiver needs and the message lacked; the output of the agent stands in for them. */
  readonly missing: readonly string[]
  /** It tells something that no earlier one has told. */
  readonly isNews: boolean
}

/** Reads a message of type `handoff` by which `from` passed control after it had given `output`. */
export function readHandover(
  { id, to = '', payload }: Message,
  from: string,
  output: Json,
  earlier: readonly Handover[],
): Handover {
  const given = isObject(payload) ? payload : {}
  const field = (name: string) => textOf(given[name])
  const needed = (name: string) => field(name) || textOf(output)
  const knowledge = field('knowledge')
  const told = earlier.map(one => normalized(one.knowledge))
  return {
    from,
    to,
    message: id,
    summary: needed('summary'),
    task: needed('task'),
    knowledge,
    constraints: Array.isArray(given.constraints) ? given.constraints.map(textOf).filter(Boolean) : [],
    missing: ['summary', 'task'].filter(name => field(name) === ''),
    isNews: knowledge !== '' && !told.some(one => one.includes(normalized(knowledge))),
  }
}

/** What the receiver of the last handover is told: what all before it found out, and what is left to do. */
export function packetAfter(task: string, handovers: readonly Handover[]): Packet {
  const last = handovers.at(-1)
  if (!last) return { task }
  const knowledge: Record<string, string> = {}
  for (const { from, knowledge: told, isNews } of handovers)
    if (isNews) knowledge[from] = [knowledge[from], told].filter(Boolean).join('\n')
  return {
    task,
    progress: handovers.map(({ from, summary }) => `${from}: ${summary}`).join('\n'),
    knowledge,
    constraints: [...new Set(handovers.flatMap(({ constraints }) => constraints))],
    ...(last.task !== '' && { current: last.task }),
  }
}

/** How the last handover repeats an earlier one: in the same words, or with nothing new told since. */
export function repetitionIn(handovers: readonly Handover[]): string | undefined {
  const last = handovers.at(-1)
  const before = handovers.slice(0, -1)
  const again = before.findLastIndex(({ from, to }) => from === last?.from && to === last?.to)
  if (!last || again < 0) return undefined
  if (before.some(one => wordsOf(one) === wordsOf(last))) return 'with the same packet'
  return handovers.slice(again + 1).some(({ isNews }) => isNews) ? undefined : 'without new knowledge'
}

function wordsOf({ from, to, summary, task, knowledge, constraints }: Handover): string {
  return JSON.stringify([from, to, ...[summary, task, knowledge, ...constraints].map(normalized)])
}

function textOf(value: Json | undefined): string {
  return value === undefined || value === null ? '' : asText(value).trim()
}
