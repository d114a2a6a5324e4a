import type { ChalkInstance } from 'chalk'
import { CrewError } from '../errors.ts'
import { asText, type Json, type JsonObject } from '../json.ts'
import { shellWord } from '../shell-word.ts'
import type { RunView, StepView } from '../store/view.ts'
import { formatDay, formatTime } from './format.ts'
import { oneLine } from './text.ts'
import { wordsFor } from './trace/declared.ts'
import type { How, Link } from './trace/link.ts'
import { type Origins, originsOf, runAsStep } from './trace/origin.ts'
import { agentAround, type Source } from './trace/sources.ts'

/** A result, and all that it was made from, as far back as the run goes. */
export interface Why {
  readonly step: StepView
  readonly origins: Origins
  /** Sources by their ids; `links` says from what each was made, and '' stands for the result itself. */
  readonly sources: ReadonlyMap<string, Source>
  readonly links: ReadonlyMap<string, readonly Link[]>
  readonly find?: Found
}

interface Found {
  readonly text: string
  /** Those in which it stands. */
  readonly in: ReadonlySet<string>
  /** The earliest of them; the result itself is ''. */
  readonly first?: string
  /** Where it stands although nothing connects that with the result. */
  readonly elsewhere?: Source
  /** Whether the step that made the first had it before its eyes. */
  readonly note: string
}

/** @param find a text whose first occurrence is wanted */
export function explain(view: RunView, reference: string, find?: string): Why {
  const step = stepCalled(reference, view)
  const origins = originsOf(view)
  const sources = new Map<string, Source>()
  const links = new Map<string, readonly Link[]>()
  const open: { readonly id: string; readonly step: StepView }[] = [{ id: '', step }]
  for (const { id, step } of open) {
    const found = origins.of(step)
    links.set(id, found)
    for (const { source } of found) {
      if (sources.has(source.id)) continue
      sources.set(source.id, source)
      // What a tool gave was made by the tool; whom it asked stands below it.
      if (source.step) open.push({ id: source.id, step: source.step })
    }
  }
  const why = { step, origins, sources, links }
  return find === undefined ? why : { ...why, find: search(find, why, view) }
}

/** The step that is meant: by its key, its end, or its agent; `run` is the run as a whole. Throws `usage`. */
function stepCalled(reference: string, view: RunView): StepView {
  const exact = view.steps.get(reference)
  if (exact) return agentAround(exact.key, view.steps) ?? exact
  if (reference === 'run') return runAsStep(view)
  const agents = [...view.steps.values()].filter(({ kind }) => kind === 'agent')
  const named = agents.filter(({ key }) => key.endsWith(`/${reference}`))
  const found = named.length > 0 ? named : agents.filter(({ agent }) => agent === reference)
  const [only, ...more] = found
  if (only && more.length === 0) return only
  const list = (found.length > 0 ? found : agents).map(({ key }) => key)
  const shown = `${list.slice(0, 10).join(', ')}${list.length > 10 ? ` and ${list.length - 10} more` : ''}`
  throw new CrewError(
    'usage',
    only ? `${reference} may be any of ${list.length} steps` : `there is no step ${reference}`,
    {
      hint:
        list.length > 0
          ? `give one of: ${shown}; or run, for the result of the run`
          : 'see the steps with: crew logs --trace',
    },
  )
}

function search(text: string, { step, origins, sources, links }: Why, view: RunView): Found {
  const stands = finder(text)
  const all = [...sources.values()].sort((a, b) => a.at - b.at)
  const marked = all.filter(source => stands(source.text))
  const isInResult = step.output !== undefined && stands(asText(step.output))
  const ids = new Set([...marked.map(({ id }) => id), ...(isInResult ? [''] : [])])
  const first = earliestOf(marked, links)
  const maker = first ? first.step : isInResult ? step : undefined
  const told = maker?.kind === 'agent' ? wordsFor(maker, view).find(({ text }) => stands(text)) : undefined
  const named = told && `it stands in ${told.where} of the team file`
  const wasAsked = maker?.kind === 'agent' && stands(origins.asked(maker))
  const own = wasAsked ? 'it stands in what it was asked' : 'it is not in what it was asked: it came up there'
  const note =
    first?.run !== undefined
      ? `it is kept from there; go on with: crew logs ${first.run} --why ${shellWord(first.by)} --find ${shellWord(text)}`
      : first && !first.step
        ? ''
        : (named ?? (maker?.kind === 'agent' ? own : ''))
  const elsewhere =
    marked.length === 0
      ? origins.ledger.sources.find(source => source.step?.key !== step.key && stands(source.text))
      : undefined
  return {
    text,
    in: ids,
    note,
    ...(first ? { first: first.id } : isInResult && { first: '' }),
    ...(elsewhere && { elsewhere }),
  }
}

/** The earliest source; of those of the same moment one that was not made from another of them. */
function earliestOf(sources: readonly Source[], links: Why['links']): Source | undefined {
  const first = sources.filter(({ at }) => at === sources[0]?.at)
  const isMade = ({ id }: Source) => links.get(id)?.some(({ source }) => first.includes(source))
  return first.find(source => !isMade(source)) ?? first[0]
}

/** Finds a text whatever its blanks and capitals; a number whatever separates its thousands, and no part of another. */
function finder(text: string): (where: string) => boolean {
  const pattern = patternFor(text)
  return where => pattern.test(where)
}

function patternFor(text: string): RegExp {
  const escaped = (part: string) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const words = text.trim().split(/\s+/)
  const isNumber = /^-?\d[\d,]*(\.\d+)?$/.test(text.trim())
  const body = isNumber
    ? [...text.trim().replaceAll(',', '')].map(escaped).join(',?')
    : words.map(escaped).join('\\s+')
  const starts = /^[\p{L}\p{N}]/u.test(text.trim()) ? '(?<![\\p{L}\\p{N}])' : ''
  const ends = /[\p{L}\p{N}]$/u.test(text.trim()) ? '(?![\\p{L}\\p{N}])' : ''
  return new RegExp(
    `${starts}${isNumber ? '(?<!\\d[.,])' : ''}${body}${isNumber ? '(?![.,]?\\d)' : ''}${ends}`,
    'iu',
  )
}

interface Look {
  readonly style: ChalkInstance
  /** Columns; Infinity cuts only excerpts. */
  readonly width: number
}

/** The tree of what a result was made from; what was shown above is only named again. */
export function* formatWhy(why: Why, look: Look): Generator<string> {
  const { step, find } = why
  const { style, width } = look
  const name =
    step.key === ''
      ? 'the result of the run'
      : `${step.key}${step.agent && step.agent !== step.key ? ` (${step.agent})` : ''}`
  const line = (text: string) => oneLine(text, width)
  if (find) {
    // The answer to what was asked is never cut.
    yield style.bold(oneLine(verdictOn(find, why), Number.POSITIVE_INFINITY))
    yield ''
  }
  const mark = find?.in.has('') ? ` ${find.first === '' ? '◀ here first' : '●'}` : ''
  yield line(
    `${name} · ${step.state}${step.endedAt === undefined ? '' : ` · ${formatTime(step.endedAt)}`}${mark}`,
  )
  if (step.output !== undefined)
    yield style.dim(`  ${excerpt(asText(step.output), look, 2, find?.in.has('') ? find.text : undefined)}`)
  const links = why.links.get('') ?? []
  if (links.length === 0) yield style.dim(line('  the journal knows of nothing that it was made from'))
  yield* formatLinks(links, '', { ...look, why, shown: new Set() })
}

interface Tree extends Look {
  readonly why: Why
  readonly shown: Set<string>
}

function* formatLinks(links: readonly Link[], indent: string, tree: Tree): Generator<string> {
  const { why, shown, style, width } = tree
  for (const [index, link] of links.entries()) {
    const { source } = link
    const isLast = index === links.length - 1
    const lead = shorten(`${indent}${isLast ? '└─ ' : '├─ '}`, width)
    const isKnown = shown.has(source.id)
    shown.add(source.id)
    const { find } = why
    const isFirst = find?.first === source.id
    const mark = isFirst && !isKnown ? '◀ here first' : find?.in.has(source.id) ? '●' : ''
    const by = source.by === '' || source.title.includes(source.by) ? '' : ` by ${source.by}`
    const words = `${source.title}${by}, ${formatMoment(source.at, why)} · ${inWords(link)}`
    const room = width - lead.length - (mark === '' ? 0 : mark.length + 1)
    const text = oneLine(isKnown ? `↑ ${source.title}, shown above` : words, Math.max(20, room))
    yield `${style.dim(lead)}${isKnown ? style.dim(text) : isFirst ? style.red.bold(text) : text}${mark && ` ${style.red(mark)}`}`
    if (isKnown) continue
    const below = `${indent}${isLast ? '   ' : '│  '}`
    const next = why.links.get(source.id) ?? []
    const beside = shorten(`${below}${next.length > 0 ? '│  ' : '   '}`, width)
    const wanted = find?.in.has(source.id) ? find.text : undefined
    yield style.dim(`${beside}${excerpt(source.text, tree, beside.length, wanted)}`)
    yield* formatLinks(next, below, tree)
  }
}

/** The time of day; with the day when it is not that of the result. */
function formatMoment(at: number, { step }: Why): string {
  const day = formatDay(at)
  return `${day === formatDay(step.startedAt) ? '' : `${day} `}${formatTime(at)}`
}

/** In a narrow terminal a deep tree keeps its last columns. */
function shorten(lead: string, width: number): string {
  return Number.isFinite(width) ? lead.slice(-Math.max(3, Math.floor(width / 2))) : lead
}

const WORDS: Record<How, string> = {
  declared: 'declared',
  'handed over': 'handed over',
  inside: 'asked for by itself',
  'same words': 'same words',
}

function inWords({ how, detail }: Link): string {
  if (how === 'inside') return detail === 'at work' ? WORDS.inside : detail
  if (how === 'same words')
    return `contains words of it: “${detail.length > 100 ? `${detail.slice(0, 100)}…` : detail}”`
  return `${WORDS[how]}: ${detail}`
}

const PIPED = 300

/** The beginning of a text, or the surroundings of what is looked for in it. */
function excerpt(text: string, { width }: Look, indent: number, find: string | undefined): string {
  const room = Number.isFinite(width) ? Math.max(20, width - indent - 2) : PIPED
  const at = find === undefined ? -1 : text.search(patternFor(find))
  const from = at > room / 2 ? Math.max(0, at - Math.floor(room / 3)) : 0
  const part = text.slice(from, from + 4 * room)
  return `“${oneLine(`${from > 0 ? '…' : ''}${part}`, room)}”`
}

function verdictOn({ text, first, note, elsewhere }: Found, why: Why): string {
  const { sources, step } = why
  const quoted = `“${text}”`
  if (first === undefined) {
    const more = elsewhere ? `; it stands in ${elsewhere.title}, which nothing connects with it` : ''
    return `${quoted} stands neither in ${step.key || 'the result'} nor in anything that it was made from${more}`
  }
  const source = sources.get(first)
  const who = source
    ? `${source.title}${source.by ? ` (${source.by}, ${formatMoment(source.at, why)})` : ''}`
    : `${step.key || 'the run'} itself`
  const also = elsewhere ? `; before, it stands in ${elsewhere.title}, which nothing connects with it` : ''
  return `${quoted} stands first in ${who}${note && `: ${note}`}${also}`
}

/** For scripts: every source once, in the order of time, with the ids of what each was made from. */
export function documentOfWhy(run: string, why: Why): JsonObject {
  const { step, sources, links, find } = why
  const from = (id: string): Json =>
    (links.get(id) ?? []).map(({ source, how, detail }) => ({ source: source.id, how, detail }))
  const listed = [...sources.values()].sort((a, b) => a.at - b.at)
  return {
    run,
    step: step.key || 'run',
    state: step.state,
    ...(step.output !== undefined && { output: step.output }),
    from: from(''),
    sources: listed.map(({ id, kind, title, by, at, text }) => ({
      id,
      kind,
      title,
      by,
      at,
      text,
      from: from(id),
      ...(find && { found: find.in.has(id) }),
    })),
    ...(find && {
      find: {
        text: find.text,
        first: find.first === undefined ? null : find.first || step.key || 'run',
        note: find.note,
        ...(find.elsewhere && { elsewhere: find.elsewhere.id }),
      },
    }),
  }
}
