import { brief, isObject, type Json, type JsonObject } from '../json.ts'
import type { RunView } from '../store/view.ts'
import { describeParting } from './diff/step.ts'
import { type Look, lineDiff, wordDiff } from './diff/words.ts'
import { formatDollars, formatDuration, formatTokens } from './format.ts'
import { describeCost } from './summary.ts'
import { type Cell, formatTable } from './table.ts'
import { oneLine } from './text.ts'
import { type Comparison, compareRuns, type Field, type Parting, type Sum } from './trace/compare.ts'

interface Compared {
  readonly id: string
  readonly view: RunView
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
