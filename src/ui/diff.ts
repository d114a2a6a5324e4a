import type { ChalkInstance } from 'chalk'
import { createTwoFilesPatch, diffWordsWithSpace } from 'diff'
import { CrewError } from '../errors.ts'
import { brief, isObject, type Json, type JsonObject } from '../json.ts'
import type { RunView } from '../store/view.ts'
import { formatDollars, formatDuration, formatTokens } from './format.ts'
import { describeCost } from './summary.ts'
import { type Cell, formatTable } from './table.ts'
import { oneLine, sanitize } from './text.ts'
import { type Comparison, compareRuns, type Field, type Parting, type Sum } from './trace/compare.ts'

interface Compared {
  readonly id: string
  readonly view: RunView
}

export interface Look {
  readonly style: ChalkInstance
  /** Columns; Infinity cuts nothing but what would not fit a page. */
  readonly width: number
}

export function compare(a: Compared, b: Compared): Comparison {
  return compareRuns(a.view, b.view)
}

/** Of each kind of difference so many; all stand in --json. */
const MOST = 8
/** Lines of the text that differs first. */
const LINES = 12

/** Where two runs parted: the first parting first, then all that differs, in short. */
export function* formatComparison(
  a: Compared,
  b: Compared,
  compared: Comparison,
  look: Look,
): Generator<string> {
  const { style, width } = look
  const cut = (text: string) => oneLine(text, width)
  for (const [sign, { id, view }] of [
    ['-', a],
    ['+', b],
  ] as const) {
    const paint = sign === '-' ? style.red : style.green
    yield paint(
      cut(
        `${sign} ${id} · ${view.team} · ${view.state} · ${formatDuration(view.active)} · ${describeCost(view)}`,
      ),
    )
  }
  const { definition, input, partings, same, shares } = compared
  yield ''
  if (definition.length + input.length + partings.length === 0) {
    yield `the same ${compared.output ? 'in all that agents were asked and gave' : 'steps, with another end'}: ${countSteps(same)}`
  } else yield* formatFirst(compared, look)
  yield* formatFields('definition', definition, look)
  yield* formatFields('input', input, look)
  yield* formatPartings(partings, same, look)
  yield* formatShares(shares, look)
  if (partings.some(({ a, b }) => a && b)) {
    yield ''
    yield style.dim(cut(`the whole text of a step: crew diff ${a.id} ${b.id} --step KEY`))
  }
}

/** What differs first, as far as one thing leads to the other: the definition, the input, then step by step. */
function* formatFirst({ definition, input, partings }: Comparison, look: Look): Generator<string> {
  const { style, width } = look
  const say = (text: string) => style.bold(oneLine(text, width))
  const [first] = partings
  if (!first) {
    yield say('they did the same, although not given the same')
    return
  }
  const why =
    definition.length > 0 ? ', of another definition' : input.length > 0 ? ', with another input' : ''
  yield say(`they part at ${first.key}: ${describeParting(first)}${why}`)
  const { a, b } = first
  if (!a || !b) return
  const limit = (lines: string[]) =>
    lines.length > LINES
      ? [...lines.slice(0, LINES), style.dim(`… ${lines.length - LINES} more lines`)]
      : lines
  const what = first.in[0]
  if (what === 'prompt') yield* limit(wordDiff(a.asked, b.asked, look, true)).map(line => `  ${line}`)
  else if (what === 'output')
    yield* limit(lineDiff(a.output ?? '', b.output ?? '', look)).map(line => `  ${line}`)
  else if (what === 'decision')
    yield* limit(lineDiff(a.decisions.join('\n'), b.decisions.join('\n'), look)).map(line => `  ${line}`)
}

function countSteps(count: number): string {
  return `${count} ${count === 1 ? 'step' : 'steps'}`
}

const WHAT = {
  path: 'only in one',
  prompt: 'asked something else',
  decision: 'decided otherwise',
  output: 'gave something else',
  state: 'ended otherwise',
} as const

function describeParting({ in: parts, a, b }: Parting): string {
  if (!b) return `only the first has it (${a?.state})`
  if (!a) return `only the second has it (${b.state})`
  const words = parts.map(part => (part === 'state' ? `${a.state} → ${b.state}` : WHAT[part]))
  return parts[0] === 'output' ? `asked the same, ${words.join(', ')}` : words.join(', ')
}

function* formatFields(title: string, fields: readonly Field[], look: Look): Generator<string> {
  if (fields.length === 0) return
  const { style, width } = look
  yield ''
  yield style.bold(`${title}: ${fields.length} ${fields.length === 1 ? 'field differs' : 'fields differ'}`)
  for (const { path, a, b } of fields.slice(0, MOST)) {
    const room = Number.isFinite(width) ? Math.max(20, Math.floor((width - path.length - 8) / 2)) : 200
    const show = (value: Json | undefined) => (value === undefined ? 'nothing' : brief(value, room))
    yield oneLine(`  ${path}: ${show(a)} → ${show(b)}`, width).replace(/^/, '  ')
  }
  if (fields.length > MOST) yield style.dim(`  … ${fields.length - MOST} more`)
}

function* formatPartings(
  partings: readonly Parting[],
  same: number,
  { style, width }: Look,
): Generator<string> {
  if (partings.length === 0) return
  yield ''
  yield style.bold(
    `steps: ${partings.length} ${partings.length === 1 ? 'differs' : 'differ'}, ${same} the same`,
  )
  for (const parting of partings.slice(0, MOST)) {
    const sign = !parting.b ? style.red('-') : !parting.a ? style.green('+') : style.yellow('~')
    const { key, agent } = parting
    const name = agent === '' || key === agent || key.endsWith(`/${agent}`) ? key : `${key} (${agent})`
    yield `  ${sign} ${oneLine(`${name}: ${describeParting(parting)}`, width - 4)}`
  }
  if (partings.length > MOST) yield style.dim(`  … ${partings.length - MOST} more`)
}

function* formatShares(shares: Comparison['shares'], { style, width }: Look): Generator<string> {
  if (shares.length === 0) return
  const number = { align: 'right' } as const
  const total = (side: 'a' | 'b'): Sum =>
    shares.reduce(
      (sum, share) => ({
        steps: sum.steps + share[side].steps,
        milliseconds: sum.milliseconds + share[side].milliseconds,
        tokens: sum.tokens + share[side].tokens,
        usd: sum.usd + share[side].usd,
      }),
      { steps: 0, milliseconds: 0, tokens: 0, usd: 0 },
    )
  const most = (share: Comparison['shares'][number]) =>
    Math.abs(share.a.milliseconds - share.b.milliseconds) + share.a.tokens + share.b.tokens
  const shown = [...shares].sort((a, b) => most(b) - most(a)).slice(0, MOST)
  const row = (name: string, a: Sum, b: Sum): Cell[] => [
    `  ${name}`,
    change(String(a.steps), String(b.steps)),
    change(formatDuration(a.milliseconds), formatDuration(b.milliseconds)),
    change(formatTokens(a.tokens), formatTokens(b.tokens)),
    change(formatDollars(a.usd), formatDollars(b.usd)),
  ]
  const heads = ['  agent', 'times', 'took', 'tokens', 'cost'].map(text => ({ text, paint: style.bold }))
  const rows = shown.map(({ agent, a, b }) => row(agent, a, b))
  const sum = shares.length > 1 ? [row('all', total('a'), total('b'))] : []
  yield ''
  for (const line of formatTable(
    [{ shrinks: true }, number, number, number, number],
    [heads, ...rows, ...sum],
    width,
  ))
    yield line
  if (shares.length > shown.length) yield style.dim(`  … ${shares.length - shown.length} more agents`)
}

function change(a: string, b: string): string {
  return a === b ? a : `${a} → ${b}`
}

/** All that differs in one step, in full. Throws `usage` when neither run has it. */
export function* formatStep(
  key: string,
  compared: Comparison,
  a: Compared,
  b: Compared,
  look: Look,
): Generator<string> {
  const { style } = look
  const known = a.view.steps.has(key) || b.view.steps.has(key)
  const parting = compared.partings.find(each => each.key === key)
  if (!known) {
    const keys = compared.partings.slice(0, 10).map(({ key }) => key)
    throw new CrewError('usage', `neither run has a step ${key}`, {
      hint: keys.length > 0 ? `these differ: ${keys.join(', ')}` : 'no step differs',
    })
  }
  if (!parting) {
    yield `${sanitize(key)} is the same in both`
    return
  }
  yield style.bold(oneLine(`${key}: ${describeParting(parting)}`, look.width))
  const one = parting.a ?? parting.b
  if (!parting.a || !parting.b) {
    yield* section('asked', sanitize(one?.asked ?? '').split('\n'), style)
    yield* section('gave', sanitize(one?.output ?? one?.why ?? '').split('\n'), style)
    return
  }
  if (parting.in.includes('prompt'))
    yield* section('asked', wordDiff(parting.a.asked, parting.b.asked, look, false), style)
  const decisions = [parting.a, parting.b].map(({ decisions }) => decisions.join('\n'))
  if (parting.in.includes('decision'))
    yield* section('decided', lineDiff(decisions[0] ?? '', decisions[1] ?? '', look), style)
  if (parting.in.includes('output'))
    yield* section('gave', lineDiff(parting.a.output ?? '', parting.b.output ?? '', look), style)
  if (parting.in.includes('state')) {
    const ended = ({ state, why }: NonNullable<Parting['a']>) =>
      `${state}${why === undefined ? '' : `: ${why}`}`
    yield* section('ended', lineDiff(ended(parting.a), ended(parting.b), look), style)
  }
}

function* section(title: string, lines: readonly string[], style: ChalkInstance): Generator<string> {
  yield ''
  yield style.bold(title)
  for (const line of lines) yield `  ${line}`
}

/** Changes that are looked for at the most: beyond, two texts have nothing to do with each other. */
const CHANGES = 2000

/** A text with what is gone `[-so-]` and what is new `{+so+}`; without the lines in which nothing changed when `isShort`. */
function wordDiff(a: string, b: string, { style, width }: Look, isShort: boolean): string[] {
  const parts = diffWordsWithSpace(unmarked(a), unmarked(b), { maxEditLength: CHANGES })
  if (!parts) return lineDiff(a, b, { style, width })
  // Marks go line by line: each stands for itself.
  const marked = parts.map(({ value, added, removed }) =>
    value
      .split('\n')
      .map(text =>
        text === '' || !(added || removed) ? text : added ? `\ue000${text}\ue001` : `\ue002${text}\ue003`,
      )
      .join('\n'),
  )
  const lines = marked.join('').split('\n')
  const isChanged = (line = '') => /[\ue000\ue002]/.test(line)
  const kept = isShort ? lines.filter(isChanged) : lines
  return kept.map(line =>
    paintWords(isShort && Number.isFinite(width) ? around(line, width - 4) : line, style),
  )
}

/** Harmless text without the characters, of nobody's alphabet, that mark what is gone and what is new. */
function unmarked(text: string): string {
  return sanitize(text).replace(/[\ue000-\ue003]/g, '')
}

/** In a line that is too long, what stands around the first change. */
function around(line: string, width: number): string {
  const room = 2 * width
  if (line.length <= room) return line
  const at = line.search(/[\ue000\ue002]/)
  const from = Math.max(0, at - 30)
  const end = from + room
  return `${from > 0 ? '…' : ''}${line.slice(from, end)}${end < line.length ? '…' : ''}`
}

function paintWords(line: string, style: ChalkInstance): string {
  return line
    .replace(/\ue000([^\ue001]*)\ue001?/g, (_, text: string) => style.green(`{+${text}+}`))
    .replace(/\ue002([^\ue003]*)\ue003?/g, (_, text: string) => style.red(`[-${text}-]`))
}

/** A unified diff, without its heads. */
function lineDiff(a: string, b: string, { style }: Look): string[] {
  const patch = createTwoFilesPatch('a', 'b', withEnd(sanitize(a)), withEnd(sanitize(b)), '', '', {
    context: 2,
    maxEditLength: CHANGES,
  })
  if (patch === undefined) return ['the two have nothing in common']
  const lines = patch.trimEnd().split('\n')
  const start = lines.findIndex(line => line.startsWith('@@'))
  return (start < 0 ? [] : lines.slice(start)).map(line => {
    if (line.startsWith('+')) return style.green(line)
    if (line.startsWith('-')) return style.red(line)
    return line.startsWith('@@') ? style.cyan(line) : line
  })
}

function withEnd(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}

/** For scripts: everything that differs, in full. */
export function documentOfComparison(
  a: Compared,
  b: Compared,
  compared: Comparison,
  step?: string,
): JsonObject {
  const { definition, input, partings, same, output, shares } = compared
  const wanted = step === undefined ? partings : partings.filter(({ key }) => key === step)
  const document = {
    a: headOf(a),
    b: headOf(b),
    first: partings[0]?.key ?? null,
    same: definition.length + input.length + partings.length === 0 && output,
    definition,
    input,
    steps: wanted,
    sameSteps: same,
    agents: shares,
  }
  const plain: unknown = JSON.parse(JSON.stringify(document))
  return isObject(plain) ? plain : {}
}

function headOf({ id, view }: Compared) {
  const { team, state, active, spent, rehearsal, output, error } = view
  return { run: id, team, state, milliseconds: active, rehearsal, spent, output, error }
}
